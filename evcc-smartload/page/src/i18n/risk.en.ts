/** What the page says of the two buffers side by side, in English. */

import type { deRisk } from "./risk.de";

export const enRisk: typeof deRisk = {
  title: "Two buffers",
  inCharge: { formula: "The buffer by formula is in charge.", risk: "The buffer by need is in charge." },
  other: {
    formula: "The one by formula only works along. The option buffer_strategy swaps them.",
    risk: "The one by need only works along. The option buffer_strategy swaps them.",
  },
  name: { formula: "By formula", risk: "By need" },
  shadow: { formula: "By formula (works along)", risk: "By need (works along)" },
  partsTitle: "What the need is made of",
  explain: "What the house needs from the battery until it is refilled, as surely as buffer_confidence_pct asks.",
  nothing: "A forecast or the battery’s capacity is missing right now; battery_min_soc holds.",
  night: "Need on average",
  error: "On top for uncertainty",
  errorText: (pct) => `so that it is enough in ${pct} of all cases`,
  outage: "Reserve for power cuts",
  need: "Together",
  target: "Buffer by need",
  until: "Until",
  endsBy: { surplus: "then the sun refills", cheap: "then cheap power refills", horizon: "as far as can be seen; nothing refills before" },
  price: "Cost of holding back",
  priceText: "on average, per day",
  basis: (confidence, need, until, end) => `Certainty ${confidence} · need ${need} until ${until} (${end})`,
  endShort: { surplus: "sun", cheap: "cheap power", horizon: "nothing in sight" },
};

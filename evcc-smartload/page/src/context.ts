/** What every part of the page is drawn from. */

import type { Messages } from "./i18n";
import type { Format } from "./logic/format";
import type { State } from "./model";
import type { Link } from "./net/link";

export interface Context {
  state: State | null;
  t: Messages;
  format: Format;
  nowMs: number; // the service's time
  link: Link;
}

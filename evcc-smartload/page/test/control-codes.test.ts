import { describe, expect, it } from "vitest";
import control from "../../rootfs/app/domain/control.py?raw";
import problem from "../../rootfs/app/domain/problem.py?raw";
import steering from "../../rootfs/app/domain/steering.py?raw";
import { MESSAGES } from "../src/i18n";
import { LADDER } from "../src/logic/control";

/** The values of an enumeration of the service, from its source. */
function codesOf(source: string, name: string): string[] {
  const body = source.split(`class ${name}(StrEnum):`)[1]?.split(/^(?:class|@)/m)[0] ?? "";
  return [...body.matchAll(/^ {4}[A-Z_]+ = "(\w+)"/gm)].map(([, code = ""]) => code);
}

describe.each(["de", "en"] as const)("every code of the service has words in %s", (lang) => {
  const words = MESSAGES[lang].control;

  it.each([
    ["EvccSetting", control, words.setting],
    ["HoldEnd", control, words.hold.end],
    ["Stage", steering, words.stage],
    ["CommandCode", steering, words.reason],
    ["WriteOutcome", steering, words.writes.outcomeOf],
    ["WriteOutcome", steering, words.writes.readBackOf],
    ["ControlLevel", steering, words.ladder.level],
    ["MissingCode", steering, words.missing],
    ["MissingCode", steering, words.therefore],
    ["ProblemCode", problem, MESSAGES[lang].problems],
    ["GateCode", steering, words.batToCar.gate],
    ["OverrideKind", steering, words.override.running],
  ])("%s", (name, source, known) => {
    const codes = codesOf(source, name);

    expect(codes).not.toHaveLength(0);
    expect(codes.filter((code) => !Object.hasOwn(known, code))).toEqual([]);
  });
});

it("the ladder has the service's rungs in its order", () => {
  expect(LADDER).toEqual(codesOf(steering, "ControlLevel"));
});

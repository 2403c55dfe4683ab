import { expect, test } from "vitest";
import { initialLink, nextLink, type Link, type Signal } from "../src/net/link";

function after(...heard: [Signal, number][]): Link {
  return heard.reduce((link, [signal, atMs]) => nextLink(link, signal, atMs), initialLink(0));
}

test("a lost connection is lost since it was last heard", () => {
  expect(after(["stream", 1000], ["stream", 5000], ["failed", 9000])).toMatchObject({ status: "lost", sinceMs: 5000 });
});

test("further failures do not make the loss younger", () => {
  expect(after(["stream", 1000], ["failed", 2000], ["failed", 60_000]).sinceMs).toBe(1000);
});

test("a stream that speaks again is live again", () => {
  expect(after(["stream", 1000], ["failed", 2000], ["stream", 3000]).status).toBe("live");
});

test("polling while the stream is fresh does not call it polling", () => {
  expect(after(["stream", 1000], ["polled", 2000]).status).toBe("live");
});

test("polling while the stream is silent is called polling", () => {
  expect(after(["stream", 1000], ["polled", 40_000]).status).toBe("polling");
});

test("a first answer by polling is not a live stream", () => {
  expect(after(["polled", 2500]).status).toBe("polling");
});

test("an expired session is not called a lost connection", () => {
  expect(after(["stream", 1000], ["expired", 2000], ["failed", 3000]).status).toBe("expired");
});

/** How the page stands with the service; pure, told by what was heard. */

export type LinkStatus = "connecting" | "live" | "polling" | "lost" | "expired" | "refused";

export interface Link {
  status: LinkStatus;
  sinceMs: number;
  heardAtMs: number | null;
}

/** "expired": a proxy in front of the service asks for a new session; only a reload helps.
 *  "refused": the service does not let this device read. */
export type Signal = "stream" | "polled" | "failed" | "expired" | "refused";

export const SILENCE_MS = 30_000;

export function initialLink(atMs: number): Link {
  return { status: "connecting", sinceMs: atMs, heardAtMs: null };
}

export function nextLink(link: Link, signal: Signal, atMs: number): Link {
  switch (signal) {
    case "stream":
      return heard(link, "live", atMs);
    case "polled":
      // A poll that succeeds while the stream is fresh changes nothing about the stream.
      return heard(link, link.status === "live" && !isSilent(link, atMs) ? "live" : "polling", atMs);
    case "failed":
      return link.status === "lost" || link.status === "expired"
        ? link // "since" stays what it was
        : { ...link, status: "lost", sinceMs: link.heardAtMs ?? link.sinceMs };
    case "expired":
    case "refused":
      return link.status === signal ? link : { ...link, status: signal, sinceMs: link.heardAtMs ?? atMs };
  }
}

export function isSilent(link: Link, atMs: number): boolean {
  return link.heardAtMs === null || atMs - link.heardAtMs >= SILENCE_MS;
}

function heard(link: Link, status: LinkStatus, atMs: number): Link {
  return { status, sinceMs: link.status === status ? link.sinceMs : atMs, heardAtMs: atMs };
}

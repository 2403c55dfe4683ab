/** Keeps the page fed: a stream of whole states, and polling while the stream is silent.
 *
 *  The stream is read with fetch and not with EventSource: heartbeats are comments, which EventSource hides, and a
 *  proxy that holds a stream back shows in their absence alone. */

import { createParser } from "eventsource-parser";
import type { State } from "../model";
import { api, authHeaders, errorOf, isPasswordMissing } from "./api";
import { initialLink, isSilent, nextLink, SILENCE_MS, type Link, type Signal } from "./link";

const FIRST_POLL_MS = 2_500;
const POLL_MS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;
const RETRY_MIN_MS = 400;
const RETRY_MAX_MS = 8_000;

export interface FeedListener {
  onState(state: State): void;
  onLink(link: Link): void;
  onPasswordMissing(): void;
  onRefused(text: string): void;
}

export class StateFeed {
  private link: Link = initialLink(Date.now());
  private stopped = false;
  private abort: AbortController | null = null;
  private wake: (() => void) | null = null;
  private pollTimer = 0;

  constructor(private readonly listener: FeedListener) {}

  start(): void {
    void this.keepStreaming();
    window.setTimeout(() => void this.pollWhenSilent(), FIRST_POLL_MS);
    this.pollTimer = window.setInterval(() => void this.pollWhenSilent(), POLL_MS);
    document.addEventListener("visibilitychange", this.hurry);
    window.addEventListener("online", this.hurry);
  }

  stop(): void {
    this.stopped = true;
    this.abort?.abort();
    window.clearInterval(this.pollTimer);
    document.removeEventListener("visibilitychange", this.hurry);
    window.removeEventListener("online", this.hurry);
    this.wake?.();
  }

  /** Try again at once: the laptop woke up, the network came back, a password was given. */
  readonly hurry = (): void => {
    if (document.visibilityState === "hidden") return;
    if (isSilent(this.link, Date.now())) this.abort?.abort();
    this.wake?.();
  };

  private async keepStreaming(): Promise<void> {
    let retryMs = RETRY_MIN_MS;
    while (!this.stopped) {
      const startedAt = Date.now();
      await this.readStream();
      const wasGood = this.link.heardAtMs !== null && this.link.heardAtMs > startedAt;
      retryMs = wasGood ? RETRY_MIN_MS : Math.min(retryMs * 2, RETRY_MAX_MS);
      await this.pause(retryMs);
    }
  }

  private async readStream(): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    let watchdog = window.setTimeout(() => abort.abort(), CONNECT_TIMEOUT_MS);
    const heard = (): void => {
      window.clearTimeout(watchdog);
      watchdog = window.setTimeout(() => abort.abort(), SILENCE_MS);
    };
    try {
      const response = await fetch("./events", {
        cache: "no-store",
        headers: { Accept: "text/event-stream", ...authHeaders() },
        signal: abort.signal,
      });
      if (!response.ok || response.body === null) {
        await this.refused(response);
        return;
      }
      heard();
      await this.consume(response.body, heard);
    } catch {
      // Refused, cut or silent. Whether the service is there at all is what a poll finds out.
      await this.poll();
    } finally {
      window.clearTimeout(watchdog);
    }
  }

  private async consume(body: ReadableStream<Uint8Array>, heard: () => void): Promise<void> {
    const parser = createParser({
      onEvent: (event) => {
        if (event.event === undefined || event.event === "state" || event.event === "message") {
          this.receive(JSON.parse(event.data) as State, "stream");
        }
      },
      onComment: () => this.signal("stream"),
    });
    const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      parser.feed(value);
    }
  }

  private async refused(response: Response): Promise<void> {
    const { code } = errorOf(await response.json().catch(() => null));
    if (code === "password_required") this.listener.onPasswordMissing();
    else await this.poll();
  }

  private async pollWhenSilent(): Promise<void> {
    if (document.visibilityState === "visible" && this.needsPoll()) await this.poll();
  }

  private async poll(): Promise<void> {
    if (this.stopped) return;
    const answer = await api.status();
    if (answer.ok) {
      this.receive(answer.value, "polled");
    } else if (isPasswordMissing(answer)) {
      this.listener.onPasswordMissing();
    } else if (answer.status === 403) {
      this.listener.onRefused(answer.text);
      this.signal("refused");
    } else {
      this.signal(answer.status === 401 ? "expired" : "failed");
    }
  }

  private needsPoll(): boolean {
    return this.link.status !== "live" || isSilent(this.link, Date.now());
  }

  private receive(state: State, signal: Signal): void {
    this.signal(signal);
    this.listener.onState(state);
  }

  private signal(signal: Signal): void {
    const next = nextLink(this.link, signal, Date.now());
    const isNews = next.status !== this.link.status || next.sinceMs !== this.link.sinceMs;
    this.link = next;
    if (isNews) this.listener.onLink(next);
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = window.setTimeout(resolve, ms);
      this.wake = () => {
        window.clearTimeout(timer);
        resolve();
      };
    });
  }
}

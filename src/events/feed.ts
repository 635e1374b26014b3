/** The events of one log for a reader who puts those of several logs in order. */
import type { EventGap, PublishedEvent } from "../api/event-stream.js";

/** That every event up to this id was given, and that no other one with such an id will come. */
export interface FeedMark {
  readonly upTo: string;
}

/** That the feed ends here, with nothing missing: the log was closed, or the only session asked for has left. */
export interface FeedEnd {
  readonly end: "closed" | "left";
}

/** What a feed gives, in the order of the ids. */
export type FeedItem = PublishedEvent | EventGap | FeedMark | FeedEnd;

/** A log as it is read. */
export interface Feed {
  readonly items: AsyncIterable<FeedItem>;
  /** Asks for a {@link FeedMark} of at least this id. */
  ask(upTo: string): void;
}

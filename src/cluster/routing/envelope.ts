/**
 * What nodes say to each other. Version 1: fields that a node does not know are ignored, messages of a kind that it does not know, too; a
 * method that it does not know is answered with `unknown-method`.
 */
import type { ZpwootErrorCode } from "../../errors.js";
import { isZpwootError, messageOf, ZpwootError } from "../../errors.js";
import type { Hint } from "../ports.js";

/** The version of every message. */
export const VERSION = 1;

/** An error on its way. */
export interface WireError {
  /** Left out for errors that are not this package's. */
  readonly code?: string;
  readonly message: string;
  readonly details?: readonly string[];
  readonly status?: number;
  readonly permanent?: boolean;
}

/** Why a node does not do what it is asked for; nothing has begun. */
export type Refusal = "not-owner" | "unknown-method" | "late" | "busy" | "stopped";

/** A request for a method. */
export interface RequestMessage {
  readonly kind: "request";
  readonly id: string;
  readonly method: string;
  /** The session that it is for; left out for what concerns the node. */
  readonly session?: string;
  /** The epoch in which the sender believes the receiver to own it. */
  readonly epoch?: number;
  /** How long the sender waits, in milliseconds; left out: for as long as it is told that work goes on. */
  readonly ms?: number;
  /** The sender's clock: messages of one node are compared with each other. */
  readonly at: number;
  readonly body: WireBody;
}

/** Values on their way: as text, or, when that is too long, as the stream that holds it. */
export type WireBody = { readonly text: string } | { readonly stream: string };

/** All messages, by kind. */
export type Message =
  | RequestMessage
  /** It has arrived, and later: work goes on. */
  | { readonly kind: "working"; readonly id: string }
  | { readonly kind: "answer"; readonly id: string; readonly body: WireBody }
  | { readonly kind: "error"; readonly id: string; readonly error: WireError }
  | { readonly kind: "refusal"; readonly id: string; readonly why: Refusal }
  | { readonly kind: "abort"; readonly id: string }
  /** Asks for a piece of a stream; the pieces count from 0. */
  | { readonly kind: "pull"; readonly id: string; readonly piece: number }
  /** A piece as base64. */
  | { readonly kind: "piece"; readonly id: string; readonly piece: number; readonly data: string }
  /** The piece does not exist yet. */
  | { readonly kind: "wait"; readonly id: string; readonly piece: number }
  /** There are no more pieces; with an error, because of it. */
  | { readonly kind: "end"; readonly id: string; readonly piece: number; readonly error?: WireError }
  /** The reader wants no more. */
  | { readonly kind: "drop"; readonly id: string }
  | { readonly kind: "hint"; readonly hint: Hint }
  /** A method without an answer, with plain arguments. */
  | { readonly kind: "note"; readonly method: string; readonly args: readonly unknown[] };

/** A message with its sender. */
export type Sent = Message & { readonly v: number; readonly from: string };

/** The form of an error that travels. Its cause stays where it is: it may hold anything. */
export function toWire(thrown: unknown): WireError {
  if (!isZpwootError(thrown)) return { message: messageOf(thrown) };
  const { code, message, details, status, permanent } = thrown;
  return {
    code,
    message,
    permanent,
    ...(details.length === 0 ? {} : { details }),
    ...(status === undefined ? {} : { status }),
  };
}

/** The error that travelled. A code that this version does not know stays as it is. */
export function fromWire({ code, message, details, status, permanent }: WireError): Error {
  if (code === undefined) return new Error(message);
  return new ZpwootError(code as ZpwootErrorCode, message, {
    ...(details === undefined ? {} : { details }),
    ...(status === undefined ? {} : { status }),
    ...(permanent === undefined ? {} : { permanent }),
  });
}

const KINDS: ReadonlySet<unknown> = new Set<Message["kind"]>([
  ...(["request", "working", "answer", "error", "refusal", "abort"] as const),
  ...(["pull", "piece", "wait", "end", "drop", "hint", "note"] as const),
]);

/** The message of a text; undefined for one that this version does not know. */
export function readMessage(text: string | undefined): Sent | undefined {
  if (text === undefined) return undefined;
  try {
    const message = JSON.parse(text) as Partial<Sent> | null;
    return KINDS.has(message?.kind) && typeof message?.from === "string" ? (message as Sent) : undefined;
  } catch {
    return undefined;
  }
}

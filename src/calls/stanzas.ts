/** Reads answers: everything in them is text from outside, and may be missing. */
import type { Stanza } from "./caller.js";

/** The children of a node, of one tag. */
export function childrenOf(parent: Stanza | undefined, tag: string): readonly Stanza[] {
  return Array.isArray(parent?.content) ? parent.content.filter((child) => child.tag === tag) : [];
}

/** The first child of a tag. */
export function childOf(parent: Stanza | undefined, tag: string): Stanza | undefined {
  return childrenOf(parent, tag)[0];
}

/** Whether there is a child of a tag. */
export function has(parent: Stanza, tag: string): boolean {
  return childOf(parent, tag) !== undefined;
}

/** An attribute; undefined when it is missing or empty. */
export function attr(from: Stanza | undefined, name: string): string | undefined {
  const value: string | undefined = from?.attrs[name];
  return value === "" ? undefined : value;
}

/** A whole number in an attribute. */
export function numberAttr(from: Stanza | undefined, name: string): number | undefined {
  const number = Number(attr(from, name));
  return Number.isSafeInteger(number) ? number : undefined;
}

/** The text in a node. */
export function textOf(from: Stanza | undefined): string | undefined {
  const { content } = from ?? {};
  if (content instanceof Uint8Array) return Buffer.from(content).toString("utf8");
  return typeof content === "string" ? content : undefined;
}

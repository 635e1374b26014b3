/** Objects without the fields that are undefined, as exact optional properties need them. */

/** An object whose fields may be missing, but are never undefined. */
type Defined<Shape> = { readonly [Key in keyof Shape]?: Exclude<Shape[Key], undefined> };

/** The same object without the fields that are undefined. */
export function withoutUndefined<Shape extends object>(shape: Shape): Defined<Shape> {
  return Object.fromEntries(
    Object.entries(shape).filter(([, value]) => value !== undefined),
  ) as Defined<Shape>;
}

import { describe, expect, it } from "vitest";
import { decode, encode } from "../../src/store/codec.js";
import { createPage, isBefore, pageOf, pagesOf } from "../../src/store/space/key-list-page.js";

describe("the page of an id", () => {
  it.each([
    ["0", "n0"],
    ["1023", "n0"],
    ["1024", "n1"],
    ["16777215", "n16383"],
  ])("of a number is the page of its 1,024 numbers: %s on %s", (id, page) => {
    expect(pageOf(id)).toBe(page);
  });

  it("of a number behind a letter is one of those of that letter, and the one of earlier versions is looked at, too", () => {
    expect(["q.0", "q.1023", "q.1024", "b.5000"].map(pageOf)).toEqual(["n0q", "n0q", "n1q", "n4b"]);
    expect(["q.0", "7", "state"].map((id) => pagesOf(id).length)).toEqual([2, 1, 1]);
    expect(pagesOf("q.0")[1]).toMatch(/^h/);
  });

  it("comes before another one of the same kind with higher numbers", () => {
    expect(isBefore("n1", "n2")).toBe(true);
    expect(isBefore("n9q", "n10q")).toBe(true);
    for (const [name, other] of [
      ["n2", "n2"],
      ["n2", "n1"],
      ["n1", "n2q"],
      ["n1q", "n2b"],
      ["h1", "h2"],
    ] as const)
      expect(isBefore(name, other)).toBe(false);
  });

  it.each(["", "01", "-1", "1.0", "1e3", "0x1", "9999999999999999", "551199.0", "q.01", "qq.1", "Q.1"])(
    "of %j is chosen by hash",
    (id) => {
      expect(pageOf(id)).toMatch(/^h([0-9]|[1-5][0-9]|6[0-3])$/);
    },
  );

  it("is part of the layout: an id stays on its page", () => {
    expect(["5511999990001.0", "AAAAAA==", "a"].map(pageOf)).toEqual(["h55", "h29", "h23"]);
  });
});

describe.each([
  ["of numbers", "n2", ["2048", "3071", "2050"]],
  ["of numbers behind a letter", "n2q", ["q.2048", "q.3071", "q.2050"]],
  ["of other ids", "h1", ["x", "y", "__proto__"]],
])("a page %s", (_, name, ids) => {
  const filled = () => {
    const page = createPage(name);
    for (const id of ids) page.add(id);
    return page;
  };

  it("lists what was added, once", () => {
    const page = filled();
    page.add(ids[0] as string);
    expect(page.size).toBe(3);
    expect(page.ids().sort()).toEqual([...ids].sort());
  });

  it("forgets what was deleted, and nothing else", () => {
    const page = filled();
    page.delete(ids[1] as string);
    page.delete(ids[1] as string);
    expect(page.size).toBe(2);
    expect(ids.map((id) => page.has(id))).toEqual([true, false, true]);
  });

  it("is the same after a round trip through its stored value", () => {
    const page = filled();
    const again = createPage(name, decode(encode(page.toValue())));
    expect(again.size).toBe(3);
    expect(again.ids().sort()).toEqual(page.ids().sort());
  });

  it.each([[7], [{}], ["short"], [null]])("refuses a stored value of another form: %j", (value) => {
    expect(() => createPage(name, value)).toThrow(TypeError);
  });
});

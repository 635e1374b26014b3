/** Queries about businesses: the profile, and a minimal catalogue. There are no collections and no orders. */
import { randomNumber } from "../../context/random.js";
import type { Account } from "../../network/account.js";
import type { CatalogProduct } from "../../network/profile.js";
import { childOf, childrenOf, node, textOf, type BinaryNode } from "../../wire/node.js";
import { refuse, reply, type Query, type QueryHandler } from "./query.js";

/** The profiles that are asked for; of those who are no business there is none. */
function profiles(query: Query): void {
  const asked = childrenOf(query.child, "profile").map(({ attrs }) =>
    query.network.directory.find(attrs.jid),
  );
  const found = asked.filter((account) => account?.profile.business !== undefined);
  reply(query, [
    node(
      "business_profile",
      { v: "244" },
      found.map((account) => profileNode(account as Account)),
    ),
  ]);
}

function profileNode({ jid, profile }: Account): BinaryNode {
  const { description, address, email, website, category } = profile.business ?? {};
  const texts = Object.entries({ description, address, email, website });
  return node("profile", { jid, tag: "1" }, [
    ...texts.flatMap(([tag, text]) => (text === undefined ? [] : [node(tag, {}, Buffer.from(text))])),
    ...(category === undefined
      ? []
      : [node("categories", {}, [node("category", { id: "1" }, Buffer.from(category))])]),
  ]);
}

/** Changes the profile; only a business has one. What is not named stays. */
function setProfile(query: Query): void {
  const { child } = query;
  const { profile } = query.account;
  if (profile.business === undefined) return refuse(query, 403, "forbidden");
  const cover = childOf(child, "cover_photo")?.attrs;
  if (cover !== undefined) profile.coverPhoto = cover.op === "delete" ? undefined : cover.id;
  const given = ["address", "email", "description", "website"].flatMap((tag) => {
    const text = textOf(childOf(child, tag));
    return text === undefined ? [] : [[tag, text] as const];
  });
  profile.business = { ...profile.business, ...Object.fromEntries(given) };
  reply(query);
}

function catalog(query: Query): void {
  const owner = query.network.directory.find(query.child?.attrs.jid);
  if (owner?.profile.business === undefined) return refuse(query, 404, "item-not-found");
  const products = [...owner.profile.products.values()].filter(
    (one) => owner === query.account || !one.isHidden,
  );
  reply(query, [node("product_catalog", {}, products.map(productNode))]);
}

function collections(query: Query): void {
  const owner = query.network.directory.find(query.child?.attrs.biz_jid);
  if (owner?.profile.business === undefined) return refuse(query, 404, "item-not-found");
  reply(query, [node("collections", {}, [])]);
}

/** Adds a product, or changes one. */
function putProduct(query: Query): void {
  const { child, context } = query;
  const { business, products } = query.account.profile;
  if (business === undefined) return refuse(query, 403, "forbidden");
  const given = childOf(child, "product");
  const isNew = child?.tag === "product_catalog_add";
  const id = isNew ? String(randomNumber(context.random, 1e15, 9e15)) : (textOf(childOf(given, "id")) ?? "");
  const before = products.get(id);
  if (!isNew && before === undefined) return refuse(query, 404, "item-not-found");
  const product = productFrom(given, id, before);
  products.set(id, product);
  reply(query, [node(child?.tag ?? "", {}, [productNode(product)])]);
}

function deleteProducts(query: Query): void {
  const { business, products } = query.account.profile;
  if (business === undefined) return refuse(query, 403, "forbidden");
  const ids = childrenOf(query.child, "product").map((one) => textOf(childOf(one, "id")) ?? "");
  const deleted = ids.filter((id) => products.delete(id));
  reply(query, [node("product_catalog_delete", { deleted_count: String(deleted.length) })]);
}

function productFrom(
  given: BinaryNode | undefined,
  id: string,
  before: CatalogProduct | undefined,
): CatalogProduct {
  const text = (tag: string): string | undefined => textOf(childOf(given, tag));
  const images = childrenOf(childOf(given, "media"), "image");
  return {
    id,
    name: text("name") ?? before?.name ?? "",
    description: text("description") ?? before?.description ?? "",
    price: text("price") ?? before?.price ?? "0",
    currency: text("currency") ?? before?.currency ?? "",
    retailerId: text("retailer_id") ?? before?.retailerId,
    url: text("url") ?? before?.url,
    isHidden:
      given?.attrs.is_hidden === undefined ? before?.isHidden === true : given.attrs.is_hidden === "true",
    imageUrls:
      images.length === 0
        ? (before?.imageUrls ?? [])
        : images.map((one) => textOf(childOf(one, "url")) ?? ""),
  };
}

function productNode(product: CatalogProduct): BinaryNode {
  const { id, name, description, price, currency, retailerId, url, isHidden, imageUrls } = product;
  const texts = Object.entries({ id, name, description, price, currency, retailer_id: retailerId, url });
  const images = imageUrls.map((address, index) => {
    const link = Buffer.from(address);
    return node("image", {}, [
      node("id", {}, Buffer.from(String(index))),
      node("request_image_url", {}, link),
      node("original_image_url", {}, link),
    ]);
  });
  return node("product", { is_hidden: String(isHidden) }, [
    ...texts.flatMap(([tag, text]) => (text === undefined ? [] : [node(tag, {}, Buffer.from(text))])),
    node("media", {}, images),
    node("status_info", {}, [node("status", {}, Buffer.from("APPROVED"))]),
  ]);
}

/** The rows for businesses. */
export const BUSINESS_QUERIES: readonly QueryHandler[] = [
  { xmlns: "w:biz", type: "get", child: "business_profile", answer: profiles },
  { xmlns: "w:biz", type: "set", child: "business_profile", answer: setProfile },
  { xmlns: "w:biz:catalog", type: "get", child: "product_catalog", answer: catalog },
  { xmlns: "w:biz:catalog", type: "get", child: "collections", answer: collections },
  { xmlns: "w:biz:catalog", type: "set", child: "product_catalog_add", answer: putProduct },
  { xmlns: "w:biz:catalog", type: "set", child: "product_catalog_edit", answer: putProduct },
  { xmlns: "w:biz:catalog", type: "set", child: "product_catalog_delete", answer: deleteProducts },
  // Nobody can order here, so there is no order of any id.
  {
    xmlns: "fb:thrift_iq",
    type: "get",
    child: "order",
    answer: (query) => refuse(query, 404, "item-not-found"),
  },
];

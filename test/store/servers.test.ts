/** Postgres and Redis on real servers, by URL and handed in as the official adapters. */
import { randomBytes } from "node:crypto";
import KeyvPostgres from "@keyv/postgres";
import KeyvRedis from "@keyv/redis";
import { openStore } from "../../src/store/open-store.js";
import { DATABASE_URL, postgresTable, redisNamespace, withPostgres, withRedis } from "./services.js";
import { describeStoreContract } from "./store-contract.js";

const encryptionKeys = [randomBytes(32)];

await withPostgres(() => {
  describeStoreContract("Postgres, encrypted", async () => {
    const place = postgresTable();
    return { ...place, open: () => openStore(place.url, { encryptionKeys }) };
  });
  describeStoreContract("Postgres by its URL", async () => {
    const place = postgresTable();
    return { ...place, open: () => openStore(place.url) };
  });
  describeStoreContract("Postgres through @keyv/postgres", async () => {
    const place = postgresTable();
    return { ...place, open: () => openStore(new KeyvPostgres({ uri: DATABASE_URL, table: place.table })) };
  });
});

await withRedis(() => {
  describeStoreContract("Redis, encrypted", async () => {
    const place = await redisNamespace();
    return { ...place, open: () => openStore(place.url, { encryptionKeys }) };
  });
  describeStoreContract("Redis by its URL", async () => {
    const place = await redisNamespace();
    return { ...place, open: () => openStore(place.url) };
  });
  describeStoreContract("Redis through @keyv/redis", async () => {
    const place = await redisNamespace();
    const adapter = new KeyvRedis(place.client, { namespace: place.namespace });
    return { ...place, open: () => openStore(adapter) };
  });
});

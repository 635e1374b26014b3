/** Where a bare socket keeps its auth state: in memory, in the library's files, or key by key in a Keyv, as a tutorial would. */
import { createRequire } from "node:module";
import { join } from "node:path";
import KeyvPostgres from "@keyv/postgres";
import KeyvRedis from "@keyv/redis";
import Keyv from "keyv";
import type * as whaileys from "whaileys";
import type { AuthenticationCreds, AuthenticationState, SignalDataTypeMap } from "whaileys";

export const library = createRequire(import.meta.url)("whaileys") as typeof whaileys.default;
const { BufferJSON, initAuthCreds, useMultiFileAuthState } = library;

/** The auth state of one socket. */
export interface BareAuth {
  readonly state: AuthenticationState;
  readonly saveCreds: () => Promise<void>;
}

/** Opens the auth state of session n. */
export type OpenAuth = (n: number) => Promise<BareAuth>;

/** Texts by key. */
interface Texts {
  get(key: string): Promise<string | undefined>;
  set(key: string, text: string): Promise<unknown>;
  delete(key: string): Promise<unknown>;
}

/** One call for each key. */
function keyByKey(texts: Texts): OpenAuth {
  return async (n) => {
    const read = async (key: string): Promise<unknown> => {
      const text = await texts.get(`${n} ${key}`);
      return text === undefined ? undefined : JSON.parse(text, BufferJSON.reviver);
    };
    const write = (key: string, value: unknown): Promise<unknown> =>
      value == null
        ? texts.delete(`${n} ${key}`)
        : texts.set(`${n} ${key}`, JSON.stringify(value, BufferJSON.replacer));
    const creds = ((await read("creds")) as AuthenticationCreds | undefined) ?? initAuthCreds();
    const keys: AuthenticationState["keys"] = {
      get: async <Family extends keyof SignalDataTypeMap>(family: Family, ids: string[]) => {
        const found = await Promise.all(
          ids.map(async (id): Promise<[string, unknown]> => [id, await read(`${family} ${id}`)]),
        );
        return Object.fromEntries<SignalDataTypeMap[Family]>(
          found.filter((one): one is [string, SignalDataTypeMap[Family]] => one[1] !== undefined),
        );
      },
      set: async (data) => {
        const all = Object.entries(data).flatMap(([family, values]) =>
          Object.entries(values as Record<string, unknown>).map(([id, value]) =>
            write(`${family} ${id}`, value),
          ),
        );
        await Promise.all(all);
      },
    };
    return { state: { creds, keys }, saveCreds: async () => void (await write("creds", creds)) };
  };
}

function inMemory(): OpenAuth {
  const texts = new Map<string, string>();
  return keyByKey({
    get: async (key) => texts.get(key),
    set: async (key, text) => texts.set(key, text),
    delete: async (key) => texts.delete(key),
  });
}

function inKeyv(adapter: KeyvRedis<string> | KeyvPostgres): OpenAuth {
  return keyByKey(new Keyv<string>(adapter));
}

/** By the place: `memory`, `files:<folder>`, `redis:<URL>`, `postgres:<URL>`; a URL names its namespace or table as its hash. */
export function openAuth(place: string): OpenAuth {
  const rest = place.slice(place.indexOf(":") + 1);
  const [url = "", name = ""] = rest.split("#");
  if (place === "memory") return inMemory();
  if (place.startsWith("files:")) return (n) => useMultiFileAuthState(join(rest, String(n)));
  if (place.startsWith("redis:")) return inKeyv(new KeyvRedis<string>(url, { namespace: name }));
  return inKeyv(new KeyvPostgres({ uri: url, table: name }));
}

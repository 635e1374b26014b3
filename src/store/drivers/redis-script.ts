/** A batch with conditions on Redis: one script, which the server runs without anything in between. */
import { createHash } from "node:crypto";
import type { Change } from "./driver.js";

/** The part of a Redis client that is used. */
interface ScriptClient {
  eval(script: string, options: ScriptOptions): Promise<unknown>;
  evalSha(sha1: string, options: ScriptOptions): Promise<unknown>;
}

interface ScriptOptions {
  keys: string[];
  arguments: string[];
}

/**
 * KEYS: those of the conditions, then those of the changes. ARGV: the number of conditions, then a text for each key; an empty one
 * means absent. No stored text is empty. A command takes up to a thousand keys: Lua passes no more than some thousand values.
 */
const SCRIPT = `
local conditions = tonumber(ARGV[1])
for first = 1, conditions, 1000 do
  local last = math.min(first + 999, conditions)
  local found = redis.call('MGET', unpack(KEYS, first, last))
  for index = first, last do
    local wanted = ARGV[index + 1]
    if wanted == '' then wanted = false end
    if found[index - first + 1] ~= wanted then return 0 end
  end
end
for first = conditions + 1, #KEYS, 1000 do
  local set, gone = {}, {}
  for index = first, math.min(first + 999, #KEYS) do
    local text = ARGV[index + 1]
    if text == '' then
      gone[#gone + 1] = KEYS[index]
    else
      set[#set + 1] = KEYS[index]
      set[#set + 1] = text
    end
  end
  if #set > 0 then redis.call('MSET', unpack(set)) end
  if #gone > 0 then redis.call('UNLINK', unpack(gone)) end
end
return 1`;

const SHA1 = createHash("sha1").update(SCRIPT).digest("hex");

/** Applies the changes if all conditions hold; settles with whether they did. */
export async function applyIf(
  client: ScriptClient,
  conditions: readonly Change[],
  changes: readonly Change[],
): Promise<boolean> {
  const all = [...conditions, ...changes];
  const options = {
    keys: all.map(({ key }) => key),
    arguments: [String(conditions.length), ...all.map(({ text }) => text ?? "")],
  };
  try {
    return (await client.evalSha(SHA1, options)) === 1;
  } catch (error) {
    // A server that was restarted has forgotten the script.
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    return (await client.eval(SCRIPT, options)) === 1;
  }
}

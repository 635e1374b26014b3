/** API keys that can be guessed: who has one has every session. */

const MIN_CHARACTERS = 16;
const MIN_DIFFERENT = 6;
const FIX = "whoever guesses it has every session. Make one with: openssl rand -base64 24";

/** Returns a sentence for each weak key; it does not contain the key. */
export function weakKeys(keys: string | readonly string[] | false | undefined): string[] {
  if (keys === undefined || keys === false) return [];
  return (typeof keys === "string" ? [keys] : keys).flatMap((key) => {
    const weakness = weaknessOf(key.trim());
    return weakness === undefined ? [] : [`the API key (API_KEY) is weak: ${weakness}; ${FIX}`];
  });
}

function weaknessOf(key: string): string | undefined {
  if (key.length < MIN_CHARACTERS) return `shorter than ${MIN_CHARACTERS} characters`;
  if (new Set(key).size < MIN_DIFFERENT) return "the same few characters again and again";
  if (/^(change.?me|my.?secret|secret|password|api.?key|your)/i.test(key)) return "it is an example's";
  return undefined;
}

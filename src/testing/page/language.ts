/** Which language a page is in. */
import type { EmulatorLanguage } from "./texts.js";

/** The language of `?lang=`, else the first known one in `Accept-Language`, else English. */
export function languageOf(asked: string | null, accepted: string | undefined): EmulatorLanguage {
  const candidates = [asked ?? "", ...(accepted ?? "").split(",")].map((language) =>
    language.trim().slice(0, 2).toLowerCase(),
  );
  return candidates.find((language) => language === "en" || language === "pt") ?? "en";
}

/** Packages that only some stores need; loaded when such a store is opened. */
import { ZpwootError } from "../../errors.js";

/** Loads a package. Rejects with `MISSING_PACKAGE` when it is not installed; the message says how to install it. */
export async function optionalPackage<T>(name: string, store: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const { code } = cause as { readonly code?: string };
    if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") throw cause;
    throw new ZpwootError(
      "MISSING_PACKAGE",
      `A ${store} store needs the package ${name}, which is not installed. Run: npm install ${name}`,
      { cause },
    );
  }
}

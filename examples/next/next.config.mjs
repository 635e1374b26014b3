/** @type {import("next").NextConfig} */
export default {
  // Loaded by Node as they are: the store has a compiled part, and the library is loaded with the first connection.
  serverExternalPackages: ["zpwoot", "whaileys", "lmdb"],
};

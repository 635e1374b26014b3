/** No bus: nodes find out by looking at the store, and every method runs where it is called. */
import type { OpenRoutes } from "./open.js";

export const localRoutes: OpenRoutes = () => ({
  hints: { tell: () => {}, onHint: () => {}, up: false },
  router: { run: (_method, _args, local) => local(), stop: async () => {} },
});

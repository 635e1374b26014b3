/** VitePress's own theme, with the component of the HTTP reference. */
import DefaultTheme from "vitepress/theme-without-fonts";
import type { Theme } from "vitepress";
import HttpReference from "./HttpReference.vue";
import "./style.css";

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component("HttpReference", HttpReference);
  },
} satisfies Theme;

/** The documentation as a site: the same pages that GitHub shows, with a search and a menu. Nothing is fetched from elsewhere. */
import { dirname, join, normalize } from "node:path/posix";
import { defineConfig, type DefaultTheme } from "vitepress";

/** Where links lead that leave `docs/`: a placeholder, like those of package.json. */
const REPOSITORY = "https://example.com/zpwoot/blob/main/";

type Pages = readonly (readonly [text: string, page: string])[];

function group(text: string, pages: Pages, prefix = "/"): DefaultTheme.SidebarItem {
  return { text, items: pages.map(([title, page]) => ({ text: title, link: `${prefix}${page}` })) };
}

const SIDEBAR = [
  group("Start", [
    ["Quick start", "quick-start"],
    ["Installing", "installing"],
    ["Concepts", "concepts"],
    ["Recipes", "recipes"],
    ["Migration", "migration"],
    ["Troubleshooting", "troubleshooting"],
  ]),
  group("Guide", [
    ["Linking", "linking"],
    ["Sending", "sending"],
    ["Media", "media"],
    ["Groups and contacts", "groups-and-contacts"],
    ["Webhooks and streams", "webhooks"],
    ["HTTP", "http"],
    ["Stores", "stores"],
    ["Proxies", "proxies"],
    ["Signatures", "signatures"],
    ["Libraries", "libraries"],
    ["Testing your app", "testing"],
  ]),
  group("Operations", [
    ["Production", "production"],
    ["Clustering", "clustering"],
    ["Performance", "performance"],
    ["Benchmarks", "benchmarks"],
  ]),
  group("Reference", [
    ["Configuration", "configuration"],
    ["Options", "options"],
    ["Events", "events"],
    ["Error codes", "errors"],
    ["Metrics", "metrics"],
    ["HTTP reference", "http-reference"],
    ["HTTP contract", "contract"],
  ]),
  group("Inside", [
    ["Architecture", "architecture"],
    ["Decisions", "decisions/"],
    ["Protocol notes", "protocol"],
    ["Contributing", "contributing"],
  ]),
];

const PT = "/pt-BR/";

const SIDEBAR_PT = [
  group(
    "Começar",
    [
      ["Início rápido", "quick-start"],
      ["Instalação", "installing"],
      ["Conceitos", "concepts"],
      ["Receitas", "recipes"],
      ["Migração", "migration"],
      ["Solução de problemas", "troubleshooting"],
    ],
    PT,
  ),
  group(
    "Guia",
    [
      ["Vincular", "linking"],
      ["Enviar mensagens", "sending"],
      ["Mídia", "media"],
      ["Grupos e contatos", "groups-and-contacts"],
      ["Webhooks e streams", "webhooks"],
      ["HTTP", "http"],
      ["Armazenamento", "stores"],
      ["Proxies", "proxies"],
      ["Assinaturas", "signatures"],
      ["Bibliotecas", "libraries"],
      ["Testar o seu programa", "testing"],
    ],
    PT,
  ),
  group(
    "Operação",
    [
      ["Produção", "production"],
      ["Clusters", "clustering"],
      ["Configuração", "configuration"],
      ["Códigos de erro", "errors"],
    ],
    PT,
  ),
  group("Em inglês", [
    ["Performance", "performance"],
    ["Options", "options"],
    ["Events", "events"],
    ["Metrics", "metrics"],
    ["HTTP reference", "http-reference"],
    ["HTTP contract", "contract"],
  ]),
];

const SEARCH_PT = {
  button: { buttonText: "Buscar", buttonAriaLabel: "Buscar" },
  modal: {
    displayDetails: "Mostrar detalhes",
    resetButtonTitle: "Limpar a busca",
    backButtonTitle: "Fechar a busca",
    noResultsText: "Nada encontrado para",
    footer: { selectText: "abrir", navigateText: "navegar", closeText: "fechar" },
  },
};

/** The anchors that GitHub makes of headings, so that a link works in both places. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

/** A link out of `docs/`, to an example say, leads to the repository. */
function outward(href: string, page: string): string {
  if (/^([a-z]+:|#|\/)/.test(href)) return href;
  const target = normalize(join("docs", dirname(page), href));
  return target.startsWith("docs/") ? href : REPOSITORY + target;
}

export default defineConfig({
  title: "zpwoot",
  description: "Many WhatsApp Web sessions in one Node process",
  cleanUrls: true,
  srcExclude: ["api/**"],
  rewrites: { "decisions/README.md": "decisions/index.md" },
  // The page is as good without knowing where it will be.
  lastUpdated: false,
  locales: {
    root: { label: "English", lang: "en" },
    "pt-BR": {
      label: "Português (Brasil)",
      lang: "pt-BR",
      description: "Muitas sessões do WhatsApp Web em um processo Node",
      themeConfig: {
        nav: [
          { text: "Guia", link: "/pt-BR/quick-start" },
          { text: "HTTP", link: "/http-reference" },
          { text: "Referência da API", link: "/api/index.html", target: "_self" },
        ],
        sidebar: SIDEBAR_PT,
        outline: { label: "Nesta página" },
        docFooter: { prev: "Anterior", next: "Próxima" },
        darkModeSwitchLabel: "Aparência",
        sidebarMenuLabel: "Menu",
        returnToTopLabel: "Voltar ao topo",
        langMenuLabel: "Mudar o idioma",
      },
    },
  },
  markdown: {
    anchor: { slugify: anchorOf },
    config(md) {
      // Braces in code are code, not Vue.
      md.renderer.rules["code_inline"] = (tokens, index) =>
        `<code v-pre>${md.utils.escapeHtml(tokens[index]?.content ?? "")}</code>`;
      md.core.ruler.push("outward-links", ({ tokens, env }) => {
        const { relativePath } = env as { relativePath: string };
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          const href = token.type === "link_open" ? token.attrGet("href") : null;
          if (href !== null) token.attrSet("href", outward(href, relativePath));
        }
      });
    },
  },
  themeConfig: {
    nav: [
      { text: "Guide", link: "/quick-start" },
      { text: "HTTP", link: "/http-reference" },
      { text: "API reference", link: "/api/index.html", target: "_self" },
    ],
    sidebar: SIDEBAR,
    outline: [2, 3],
    search: { provider: "local", options: { locales: { "pt-BR": { translations: SEARCH_PT } } } },
  },
});

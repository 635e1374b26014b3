import tseslint from "typescript-eslint";

export default tseslint.config(
  {
    ignores: [
      "dist/",
      "coverage/",
      "docs/api/",
      "docs/.vitepress/dist/",
      "docs/.vitepress/cache/",
      "node_modules/",
      // Projects of their own, with compilers of their own: `npm run try:install` builds them.
      "examples/next/",
      "examples/nest/",
    ],
  },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": [
        "error",
        // A test of Node's own runner is run by it, not by who declares it.
        { allowForKnownSafeCalls: [{ from: "package", name: "test", package: "node:test" }] },
      ],
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/require-await": "off",
      "max-lines": ["error", { max: 250 }],
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-console": "error",
    },
  },
  {
    files: ["src/cli/**", "examples/**", "bench/**", ".ci/**", "test/**", "docs/.vitepress/*.ts"],
    rules: { "no-console": "off" },
  },
  {
    files: ["src/**"],
    rules: {
      "no-restricted-properties": [
        "error",
        {
          object: "AbortSignal",
          property: "any",
          message: "It piles up on a signal that lives long: withAnyOf.",
        },
      ],
    },
  },
  {
    // Words of the protocol, not code.
    files: ["src/testing/wire/tokens-*.ts"],
    rules: { "max-lines": "off" },
  },
  {
    files: ["test/**"],
    rules: {
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      "max-lines": "off",
    },
  },
  { files: ["*.js", "*.ts", "examples/**/*.mjs"], ...tseslint.configs.disableTypeChecked },
  {
    files: ["**/*.cjs"],
    ...tseslint.configs.disableTypeChecked,
    rules: { ...tseslint.configs.disableTypeChecked.rules, "@typescript-eslint/no-require-imports": "off" },
  },
);

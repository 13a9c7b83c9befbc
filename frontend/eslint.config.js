import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import { readdirSync } from "node:fs";
import tseslint from "typescript-eslint";

const features = readdirSync(new URL("./src/features", import.meta.url));

/** A feature is put together by app/ and never knows another feature. */
const apart = features.map((feature) => ({
  files: [`src/features/${feature}/**`],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          {
            regex: `(?:^|/)features/(?!${feature}(?:/|$))|^\\.\\./(?:${features.filter((other) => other !== feature).join("|") || "-"})(?:/|$)`,
            message: "Features do not import each other: move what is shared to components/ or lib/.",
          },
          { regex: "(?:^|/)app(?:/|$)", message: "app/ knows the features, not the other way round." },
        ],
      },
    ],
  },
}));

const inner = {
  files: ["src/{api,components,lib,live}/**"],
  rules: {
    "no-restricted-imports": [
      "error",
      { patterns: [{ regex: "(?:^|/)(?:features|app)(?:/|$)", message: "Inner folders know neither features nor app." }] },
    ],
  },
};

export default tseslint.config(
  { ignores: ["node_modules", "dev/out", "src/api/schema.d.ts"] },
  ...tseslint.configs.strict,
  hooks.configs.flat["recommended-latest"],
  { files: ["**/*.tsx"], ...a11y.flatConfigs.strict },
  {
    rules: {
      "max-lines": ["error", 250],
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
      "no-restricted-syntax": [
        "error",
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: "Text from outside is rendered as text.",
        },
      ],
      "@typescript-eslint/no-non-null-assertion": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-console": "error",
    },
  },
  { files: ["bench/**", "dev/**", "scripts/**"], rules: { "no-console": "off" } },
  { files: ["**/*.test.{ts,tsx}"], rules: { "max-lines-per-function": "off" } },
  ...apart,
  inner,
);

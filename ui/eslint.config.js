import jsxA11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import typed from "typescript-eslint";

export default typed.config(
  { ignores: ["node_modules", "src/api/schema.d.ts", "eslint.config.js"] },
  ...typed.configs.strictTypeChecked,
  jsxA11y.flatConfigs.recommended,
  { settings: { "jsx-a11y": { components: { Select: "select" } } } },
  hooks.configs.flat["recommended-latest"],
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // Text of a model is never HTML.
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "Show text as text." },
        { selector: "MemberExpression[property.name=/^(inner|outer)HTML$/]", message: "Show text as text." },
      ],
    },
  },
);

/**
 * react-email's own CSS functions, which its package does not export; the runtime's bundler resolves this name to
 * its files. css-tree's nodes are opaque to us: they only travel between these functions.
 */
declare module '#react-email-css' {
  export type CssNode = object;
  export type Rules = Map<string, CssNode[]>;
  type Declaration = CssNode & { property: string };
  type CustomProperties = Map<string, unknown>;

  export type TailwindSetup = { addUtilities(candidates: string[]): void; getStyleSheet(): CssNode };

  export class List {
    fromArray(nodes: CssNode[]): List;
  }
  export function generate(node: CssNode, options: { decorator: unknown }): string;
  export function walk(
    node: CssNode,
    options: { visit: 'Declaration'; enter(declaration: Declaration): void },
  ): void;
  export function setupTailwind(props: {
    config: unknown;
    cssConfigs: { theme: string | undefined; utility: string | undefined };
  }): Promise<TailwindSetup>;
  export function sanitizeStyleSheet(sheet: CssNode): void;
  export function extractRulesPerClass(
    sheet: CssNode,
    classes: readonly string[],
  ): { inlinable: Rules; nonInlinable: Rules };
  export function getCustomProperties(sheet: CssNode): CustomProperties;
  export function sanitizeNonInlinableRules(sheet: CssNode): void;
  export function downlevelForEmailClients(sheet: CssNode): void;
  export const separateAdjacentClosingBraces: unknown;
  export function makeInlineStylesFor(
    rules: CssNode[],
    customProperties: CustomProperties,
  ): Record<string, string>;
  export function sanitizeClassName(name: string): string;
}

/** What a template's script is called in the stack of an error. */
export const TEMPLATE_FILENAME = 'template.js';

const BEFORE = '(function (require, module, exports) {';

/** Columns on the first line before the template's own code. */
export const COLUMNS_BEFORE_CODE = BEFORE.length;

/** The script of a template: an expression whose value is the function around its code. */
export function toTemplateScript(code: string): string {
  return `${BEFORE}${code}\n})`;
}

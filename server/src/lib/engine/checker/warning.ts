/** What the checker may find. Codes are part of the API's contract. */
export type WarningCode =
  | 'html_too_large'
  | 'image_without_alt'
  | 'image_relative'
  | 'insecure_url'
  | 'link_without_text'
  | 'table_without_role'
  | 'lang_missing'
  | 'preview_missing'
  | 'css_unsupported'
  | 'class_order'
  | 'translation_missing';

/** Something that works, but not as a template's author will want; the place is null where it is not known. */
export type TemplateWarning = {
  code: WarningCode;
  message: string;
  file: string | null;
  /** Counts from 1. */
  line: number | null;
};

/** A template's files by relative POSIX path, and which of them is rendered. */
export type TemplateSources = { entry: string; files: Readonly<Record<string, string>> };

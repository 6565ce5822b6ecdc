import type { TemplateWarning } from '@org/mail-sdk';

/** What the preview's page and its server tell each other; both are always of one version. */

export type PreviewEntry = {
  name: string;
  /** Where it lies below the folder of templates, with `/`; empty at the top. */
  group: string;
};

/** `GET /ui/preview/templates` */
export type PreviewList = {
  /** The folder of templates, as a person would write it. */
  folder: string;
  templates: readonly PreviewEntry[];
  /** The service that has the versions and sends tests; null where none is known. */
  service: { url: string } | null;
};

/** `POST /ui/preview/render` */
export type RenderRequest = {
  name: string;
  /** Null takes the fixture's. */
  props: Record<string, unknown> | null;
  /** Null is the template's own `PreviewProps`. */
  fixture: string | null;
  locale: string | null;
};

/** Lines and columns count from 1. */
export type Place = {
  file: string | null;
  line: number | null;
  column: number | null;
  message: string;
  hint: string | null;
  /** From where that place was reached, innermost first. */
  trace?: readonly { file: string; line: number; column: number }[];
};

export type Check = TemplateWarning;

export type SourceFile = { path: string; text: string };

/** What is known of a template whether or not it renders. */
export type TemplateFacts = {
  name: string;
  entry: string;
  files: readonly SourceFile[];
  locales: readonly string[];
  fixtures: readonly { name: string; props: Record<string, unknown> }[];
};

export type Rendered = {
  ok: true;
  facts: TemplateFacts;
  /** The mail for a frame: `/ui/frames/preview/<frame>`. */
  frame: string;
  subject: string | null;
  from: string | null;
  headers: Readonly<Record<string, string>>;
  html: string;
  text: string;
  /** Whether the mail has rules of its own for a dark scheme. */
  hasDarkRules: boolean;
  props: Record<string, unknown>;
  schema: Record<string, unknown> | null;
  /** What an editor offers: the schema, or without one what the template's own props look like. */
  hints: Record<string, unknown> | null;
  locale: string | null;
  checks: readonly Check[];
  contentHash: string;
  engineVersion: string;
  tookMs: number;
};

export type NotRendered = {
  ok: false;
  facts: TemplateFacts | null;
  code: string;
  message: string;
  places: readonly Place[];
  /** What the props break of the schema, by JSON pointer. */
  propErrors: readonly { path: string; message: string }[];
  props: Record<string, unknown> | null;
  schema: Record<string, unknown> | null;
  /** What an editor offers: the schema, or without one what the template's own props look like. */
  hints: Record<string, unknown> | null;
};

export type RenderAnswer = Rendered | NotRendered;

/** Event `changed` of `GET /ui/preview/events`: templates whose files changed. `listed` says that there are others now. */
export type Changed = { names: readonly string[] };

/** `GET /ui/preview/versions?name=` */
export type VersionList = {
  /** Newest first; none where the service does not have the template yet. */
  versions: readonly { version: number; isCurrent: boolean; createdAt: string }[];
};

/** `POST /ui/preview/version`: what the service makes of the same props with a version that it has. */
export type VersionRequest = {
  name: string;
  version: number;
  props: Record<string, unknown>;
  locale: string | null;
};

export type VersionAnswer =
  | { ok: true; frame: string; subject: string | null; html: string; text: string }
  | { ok: false; message: string };

/** `POST /ui/preview/tests`: the mail as it is shown, to an address. */
export type TestRequest = { rendering: RenderRequest; to: string };

export type TestAnswer = { ok: true; messageId: string } | { ok: false; message: string };

/** `GET /ui/preview/tests?id=` */
export type TestProgress = {
  status: string;
  /** Nothing more will happen by itself. */
  isOver: boolean;
  lastError: string | null;
  events: readonly { type: string; at: string; detail: string | null }[];
};

import { type ApiOf, dataOf, doneOf } from '../api-client.ts';
import { listFrom, type Listing } from '../listing.ts';
import type { CallOptions, CreateOptions } from '../options.ts';
import type {
  PageOptions,
  RenderedTemplate,
  RenderInput,
  Template,
  TemplateSummary,
  TemplateSources,
  TemplateVersion,
  TemplateVersionSummary,
} from '../types.ts';

/** Templates and their versions. */
export type TemplatesResource = {
  /**
   * Stores a new version, or returns the current one where nothing changed.
   *
   * @throws MailError `template_build_failed` with file, line and column of each error
   *
   * @example
   * const files = { 'index.tsx': 'export const subject = "Hello"; export default (props) => <p>Hello {props.name}</p>;' };
   * const template = await mailer.templates.push('hello', { entry: 'index.tsx', files });
   */
  push(name: string, sources: TemplateSources, options?: CallOptions): Promise<Template>;
  /** Templates, newest first: await it for one page, or iterate for all of them. */
  list(page?: PageOptions, options?: CallOptions): Listing<TemplateSummary>;
  /** @throws MailError `template_not_found` */
  get(name: string, options?: CallOptions): Promise<Template>;
  /** Its versions without sources, newest first. */
  versions(name: string, page?: PageOptions, options?: CallOptions): Listing<TemplateVersionSummary>;
  /** One version with its sources. */
  version(name: string, version: number, options?: CallOptions): Promise<TemplateVersion>;
  /**
   * Renders without sending, with the template's own `PreviewProps` where no props are given.
   *
   * @throws MailError `invalid_props`, `template_render_failed`
   */
  render(name: string, input?: RenderInput, options?: CallOptions): Promise<RenderedTemplate>;
  /** Makes an earlier version the current one. */
  rollBack(name: string, version: number, options?: CreateOptions): Promise<Template>;
  /** @throws MailError `template_in_use` while mail that is not sent yet needs it */
  delete(name: string, options?: CallOptions): Promise<void>;
};

/** @internal */
export function createTemplates(api: ApiOf): TemplatesResource {
  return {
    push: (name, sources, options) => dataOf(api(options).v1.templates({ name }).put(sources)),
    list: (page = {}, options) => listFrom(page, (query) => api(options).v1.templates.get({ query })),
    get: (name, options) => dataOf(api(options).v1.templates({ name }).get()),
    versions: (name, page = {}, options) =>
      listFrom(page, (query) => api(options).v1.templates({ name }).versions.get({ query })),
    version: (name, number, options) =>
      dataOf(api(options).v1.templates({ name }).versions({ number }).get()),
    render: (name, input = {}, options) =>
      dataOf(api(options, { isRepeatable: true }).v1.templates({ name }).render.post(input)),
    rollBack: (name, version, options) =>
      dataOf(api(options, { isCreating: true }).v1.templates({ name }).rollback.post({ version })),
    delete: (name, options) => doneOf(api(options).v1.templates({ name }).delete()),
  };
}

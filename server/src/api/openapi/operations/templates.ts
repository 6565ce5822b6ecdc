import { pageOf, Rendered, Template, TemplateVersion, TemplateVersionSummary } from '../answers.ts';
import { AT, HASH } from '../example-values.ts';
import { ACCESS, type Operations } from '../operation.ts';

const NAME = { name: 'welcome' };

const SOURCE = [
  'export const subject = ({ name }) => `Welcome, ${name}`;',
  "export const PreviewProps = { name: 'Ada' };",
  'export default function Welcome({ name }) {',
  '  return <p>Welcome, {name}</p>;',
  '}',
].join('\n');

const FILES = { entry: 'index.tsx', files: { 'index.tsx': SOURCE } };

const TEMPLATE = {
  name: 'welcome',
  version: 1,
  contentHash: HASH,
  isShared: false,
  schema: null,
  derivedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
  previewProps: { name: 'Ada' },
  warnings: [],
  from: null,
  headers: {},
  createdAt: AT,
  updatedAt: AT,
};

const VERSION = { version: 1, contentHash: HASH, isCurrent: true, warnings: [], createdAt: AT };

export const TEMPLATE_OPERATIONS: Operations = {
  'PUT /v1/templates/:name': {
    tag: 'Templates',
    summary: 'Push a template',
    description:
      'It is compiled and rendered with its `PreviewProps` before it is taken. The same content twice is one version. What an admin key pushes is shared with every client.',
    access: ACCESS.templateAuthor,
    codes: ['template_invalid', 'template_build_failed', 'template_render_failed'],
    answers: {
      200: { description: 'This is the current version already.', schema: Template, example: TEMPLATE },
      201: {
        description: 'A new version, which is the current one now.',
        schema: Template,
        example: TEMPLATE,
      },
    },
    example: { params: NAME, body: FILES },
  },
  'GET /v1/templates': {
    tag: 'Templates',
    summary: 'List templates',
    access: ACCESS.templateReader,
    answers: {
      200: {
        description: "A page of the client's own and the shared templates.",
        schema: pageOf(Template),
        example: { data: [TEMPLATE], nextCursor: null },
      },
    },
    example: { query: { limit: '20' } },
  },
  'GET /v1/templates/:name': {
    tag: 'Templates',
    summary: 'Look at a template',
    access: ACCESS.templateReader,
    codes: ['template_not_found'],
    answers: { 200: { description: 'Its current version.', schema: Template, example: TEMPLATE } },
    example: { params: NAME },
  },
  'DELETE /v1/templates/:name': {
    tag: 'Templates',
    summary: 'Delete a template',
    access: ACCESS.templateAuthor,
    codes: ['template_not_found', 'template_in_use'],
    answers: { 204: { description: 'It is gone, with all its versions.' } },
    example: { params: NAME },
  },
  'GET /v1/templates/:name/versions': {
    tag: 'Templates',
    summary: 'List the versions of a template, newest first',
    access: ACCESS.templateReader,
    codes: ['template_not_found'],
    answers: {
      200: {
        description: 'A page of versions.',
        schema: pageOf(TemplateVersionSummary),
        example: { data: [VERSION], nextCursor: null },
      },
    },
    example: { params: NAME },
  },
  'GET /v1/templates/:name/versions/:number': {
    tag: 'Templates',
    summary: 'Look at a version, with its sources',
    access: ACCESS.templateAuthor,
    codes: ['template_not_found'],
    answers: {
      200: {
        description: 'The version.',
        schema: TemplateVersion,
        example: {
          name: 'welcome',
          isShared: false,
          ...VERSION,
          ...FILES,
          schema: null,
          previewProps: { name: 'Ada' },
        },
      },
    },
    example: { params: { ...NAME, number: '1' } },
  },
  'POST /v1/templates/:name/render': {
    tag: 'Templates',
    summary: 'Try a template',
    description: 'Without `props` the preview props are used. Nothing is sent.',
    access: ACCESS.templateReader,
    codes: ['template_not_found', 'invalid_props', 'template_build_failed', 'template_render_failed'],
    answers: {
      200: {
        description: 'What a mail with these props says.',
        schema: Rendered,
        example: {
          name: 'welcome',
          version: 1,
          subject: 'Welcome, Ada',
          html: '<p>Welcome, Ada</p>',
          text: 'Welcome, Ada',
          contentHash: HASH,
          engineVersion: '1',
        },
      },
    },
    example: { params: NAME, body: { props: { name: 'Ada' } } },
  },
  'POST /v1/templates/:name/rollback': {
    tag: 'Templates',
    summary: 'Make an older version the current one',
    access: ACCESS.templateAuthor,
    isIdempotent: true,
    codes: ['template_not_found'],
    answers: { 200: { description: 'The template as it is now.', schema: Template, example: TEMPLATE } },
    example: { params: NAME, body: { version: 1 } },
  },
};

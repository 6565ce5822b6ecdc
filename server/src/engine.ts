export type { CheckSuccess, RenderFailure, TemplateSources, TemplateWarning } from './lib/engine/engine.ts';
export {
  canonicalLocale,
  createLocalEngine,
  hashOf,
  type LocalEngine,
  type PropsFailure,
} from './lib/templates/local-engine.ts';
export {
  findTemplates,
  type LocalTemplate,
  NoTemplateError,
  readTemplate,
  templateName,
} from './lib/templates/template-folder.ts';

export type { TemplateSources } from './lib/engine/engine.ts';
export {
  findTemplates,
  type LocalTemplate,
  NoTemplateError,
  readTemplate,
  templateName,
} from './lib/templates/template-folder.ts';

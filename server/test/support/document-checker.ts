import type { ValidateFunction } from 'ajv';
// oxlint-disable-next-line no-restricted-imports -- the package has this version of JSON Schema nowhere else
import Ajv2020 from 'ajv/dist/2020.js';
import type { OpenApiDocument } from '../../src/api/openapi/document.ts';

/** Says what is wrong with a value by a schema of the document; an empty list where nothing is. */
export type DocumentChecker = (schema: unknown, value: unknown) => string[];

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/** A validator that has no code in common with what wrote the document. */
export function createDocumentChecker(document: OpenApiDocument): DocumentChecker {
  const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allErrors: true });
  ajv.addFormat('uuid', UUID).addFormat('date-time', TIME).addFormat('uri', { validate: URL.canParse });
  ajv.addVocabulary(['components']);
  const { schemas } = document.components;
  const compiled = new Map<unknown, ValidateFunction>();
  return (schema, value) => {
    const validate = compiled.get(schema) ?? ajv.compile({ components: { schemas }, allOf: [schema] });
    compiled.set(schema, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
}

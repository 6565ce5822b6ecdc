import type { RenderRequest } from '@org/web/preview';
import { isJsonObject } from '../lib/engine/json-object.ts';

/** Null for what is none. */
export function parseRenderRequest(value: unknown): RenderRequest | null {
  if (!isJsonObject(value)) return null;
  const { name, props = null, fixture = null, locale = null } = value;
  if (typeof name !== 'string') return null;
  if (props !== null && !isJsonObject(props)) return null;
  if (!isTextOrNull(fixture) || !isTextOrNull(locale)) return null;
  return { name, props, fixture, locale };
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

import type { RenderRequest, TestRequest, VersionRequest } from '@org/web/preview';
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

/** Null for what is none. */
export function parseVersionRequest(value: unknown): VersionRequest | null {
  if (!isJsonObject(value)) return null;
  const { name, version, props, locale = null } = value;
  if (typeof name !== 'string' || typeof version !== 'number' || !Number.isInteger(version)) return null;
  if (!isJsonObject(props) || !isTextOrNull(locale)) return null;
  return { name, version, props, locale };
}

/** Null for what is none. */
export function parseTestRequest(value: unknown): TestRequest | null {
  if (!isJsonObject(value)) return null;
  const { rendering, to } = value;
  const parsed = parseRenderRequest(rendering);
  return parsed !== null && typeof to === 'string' ? { rendering: parsed, to } : null;
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

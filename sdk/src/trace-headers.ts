/** Where OpenTelemetry's API keeps what an application registered with it, so that every copy of its major version 1 shares it. */
const REGISTRY = Symbol.for('opentelemetry.js.api.1');

type Carrier = Record<string, string>;
type Propagation = {
  inject(
    context: unknown,
    carrier: Carrier,
    setter: { set(to: Carrier, key: string, value: string): void },
  ): void;
};
type ContextManager = { active(): unknown };

/**
 * `traceparent` and whatever else the application's OpenTelemetry propagates, from the span that is active now; nothing where there
 * is no OpenTelemetry. It is found where it registers itself: importing it would make it a dependency of everybody.
 */
export function traceHeaders(): Carrier {
  const registry: unknown = Reflect.get(globalThis, REGISTRY);
  if (typeof registry !== 'object' || registry === null) return {};
  const propagation = 'propagation' in registry ? registry.propagation : null;
  const context = 'context' in registry ? registry.context : null;
  if (!isPropagation(propagation) || !isContextManager(context)) return {};
  const carrier: Carrier = {};
  propagation.inject(context.active(), carrier, {
    set(to, key, value) {
      to[key] = value;
    },
  });
  return carrier;
}

function isPropagation(value: unknown): value is Propagation {
  return isObject(value) && 'inject' in value && typeof value.inject === 'function';
}

function isContextManager(value: unknown): value is ContextManager {
  return isObject(value) && 'active' in value && typeof value.active === 'function';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

import { afterEach, expect, test } from 'bun:test';
import {
  context,
  type ContextManager,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
} from '@opentelemetry/api';
import { traceHeaders } from './trace-headers.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const propagator: TextMapPropagator = {
  inject: (_context, carrier, setter) => setter.set(carrier, 'traceparent', TRACEPARENT),
  extract: (from) => from,
  fields: () => ['traceparent'],
};

/** Always in the root context, which is all that the propagator above looks at. */
const manager: ContextManager = {
  active: () => ROOT_CONTEXT,
  with: (_context, run, self, ...args) => Reflect.apply(run, self, args),
  bind: (_context, target) => target,
  enable: () => manager,
  disable: () => manager,
};

afterEach(() => {
  propagation.disable();
  context.disable();
});

test('nothing without OpenTelemetry', () => {
  expect(traceHeaders()).toEqual({});
});

test('what the registered propagator makes of the active context', () => {
  propagation.setGlobalPropagator(propagator);
  context.setGlobalContextManager(manager);
  expect(traceHeaders()).toEqual({ traceparent: TRACEPARENT });
});

import { Type } from '@sinclair/typebox';
import { PROMETHEUS_CONTENT_TYPE } from '../../../lib/telemetry/prometheus-content-type.ts';
import { CallbackCounts, Readiness } from '../answers.ts';
import { MESSAGE_ID } from '../example-values.ts';
import { ACCESS, type Operations } from '../operation.ts';

const HTML = 'text/html; charset=utf-8';
const TOKEN = { token: `${MESSAGE_ID}.EXAMPLE-EXAMPLE-EXAMPL` };
const UP = { isOk: true, reason: null };

export const SERVICE_OPERATIONS: Operations = {
  'GET /healthz': {
    tag: 'Service',
    summary: 'Is the process up?',
    access: ACCESS.nobody,
    answers: {
      200: {
        description: 'It answers.',
        schema: Type.Object({ status: Type.Literal('ok') }, { additionalProperties: false }),
        example: { status: 'ok' },
      },
    },
    example: {},
  },
  'GET /readyz': {
    tag: 'Service',
    summary: 'Can it accept messages, and process them?',
    access: ACCESS.nobody,
    answers: {
      200: {
        description:
          'It accepts; `degraded` where messages wait because the queue is away, or no worker is alive.',
        schema: Readiness,
        example: { status: 'ready', accept: UP, process: UP },
      },
      503: {
        description: 'It cannot accept.',
        schema: Readiness,
        example: {
          status: 'unready',
          accept: { isOk: false, reason: 'does not answer (ECONNREFUSED)' },
          process: UP,
        },
      },
    },
    example: {},
  },
  'GET /metrics': {
    tag: 'Service',
    summary: 'What this instance has measured, as Prometheus reads it',
    description:
      'Shown to whoever has the `METRICS_TOKEN` of the server, as `Authorization: Bearer ...`; without that setting there is nothing here.',
    access: ACCESS.nobody,
    answers: { 200: { description: 'Prometheus text format 0.0.4.', contentType: PROMETHEUS_CONTENT_TYPE } },
    codes: ['unauthenticated', 'not_found'],
    example: { headers: { authorization: 'Bearer 8JcPv2mQx0bT5sLw' } },
  },
  'GET /openapi.json': {
    tag: 'Service',
    summary: 'This document',
    access: ACCESS.nobody,
    answers: { 200: { description: 'OpenAPI 3.1.', schema: Type.Record(Type.String(), Type.Unknown()) } },
    example: {},
  },
  'GET /docs': {
    tag: 'Service',
    summary: 'This document, to read',
    access: ACCESS.nobody,
    answers: { 200: { description: 'A page.', contentType: HTML } },
    example: {},
  },
  'GET /docs/errors': {
    tag: 'Service',
    summary: 'Every error code, with cause and remedy',
    access: ACCESS.nobody,
    answers: { 200: { description: 'A page.', contentType: HTML } },
    example: {},
  },
  'GET /u/:token': {
    tag: 'Service',
    summary: 'The page behind an unsubscribe link',
    description: 'Changes nothing: scanners follow every link in a mail.',
    access: ACCESS.nobody,
    codes: ['not_found'],
    answers: { 200: { description: 'A page with a button.', contentType: HTML } },
    example: { params: TOKEN },
  },
  'POST /u/:token': {
    tag: 'Service',
    summary: 'Unsubscribe (RFC 8058)',
    access: ACCESS.nobody,
    bodyType: 'application/x-www-form-urlencoded',
    codes: ['not_found', 'invalid_request', 'body_too_large', 'unsupported_media_type'],
    answers: { 200: { description: 'The recipient is suppressed.', contentType: HTML } },
    example: { params: TOKEN, body: 'List-Unsubscribe=One-Click' },
  },
  'POST /webhooks/:provider': {
    tag: 'Service',
    summary: 'Events of a provider',
    description:
      'The body is what the provider signs; its signature is checked before anything is read from it.',
    access: ACCESS.nobody,
    bodyType: 'application/octet-stream',
    codes: ['not_found', 'callback_refused', 'body_too_large'],
    answers: {
      200: {
        description: 'What the events meant.',
        schema: CallbackCounts,
        example: { applied: 1, repeated: 0, unmatched: 0 },
      },
    },
    example: { params: { provider: 'ses' } },
  },
};

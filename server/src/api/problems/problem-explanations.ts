import type { ProblemCode } from './problem.ts';

/** What an error code means for whoever meets it: why it is answered, and what to do. */
export type Explanation = { cause: string; remedy: string };

/** One for each code: a code without one does not compile. docs/errors.md, `/docs/errors` and `/openapi.json` are made from it. */
export const EXPLANATIONS: Readonly<Record<ProblemCode, Explanation>> = {
  invalid_json: {
    cause: 'The body is not JSON in UTF-8, or did not arrive whole.',
    remedy: 'Send what a JSON encoder wrote, as UTF-8. Look for a missing quote, bracket or comma.',
  },
  unauthenticated: {
    cause:
      'There is no key, or it is malformed, unknown, wrong, expired or revoked. Which of these is not told.',
    remedy:
      'Send a valid key as `X-Api-Key` or `Authorization: Bearer`. Ask an administrator for a new one where it has ended.',
  },
  client_suspended: {
    cause: 'An administrator has suspended the client that the key belongs to.',
    remedy: 'Ask an administrator to make the client active again. The key itself is still good.',
  },
  scope_missing: {
    cause: 'The key is good, but has none of the scopes that the route takes.',
    remedy: 'Use a key with a scope that `detail` names.',
  },
  client_key_required: {
    cause: 'An admin key was used where the route is about what belongs to one client.',
    remedy: 'Use a key of that client; an administrator can create one with `POST /v1/clients/:id/keys`.',
  },
  from_not_allowed: {
    cause: "The domain of `from` is not among the client's sender domains.",
    remedy: 'Send from one of its domains, or have an administrator add this one to `fromDomains`.',
  },
  host_not_allowed: {
    cause: 'In the DEV role the server answers requests to `localhost`, `127.0.0.1` and `[::1]` only.',
    remedy: 'Use one of these names. To serve others, run the API role.',
  },
  origin_not_allowed: {
    cause: 'In the DEV role a web page of another origin made the request.',
    remedy: 'Call the API from a program, or from a page that this server served.',
  },
  live_key_required: {
    cause: 'A test key was used for what concerns live mail only.',
    remedy: 'Use a live key of the client.',
  },
  callback_refused: {
    cause: "The callback's signature, age, host or topic is not what a genuine one has.",
    remedy: "Check that the provider's settings here (topic or secret) are those of the account that calls.",
  },
  not_found: {
    cause:
      'There is no such route, or nothing with this id that the key may see. Other clients’ things are answered like missing ones.',
    remedy:
      'Check the path and the id, and that the key is of the same client and mode (live or test) as what you look for.',
  },
  template_not_found: {
    cause:
      'Neither the client nor the shared templates have one of this name, or the version does not exist.',
    remedy:
      'List templates with `GET /v1/templates`; push it with `mailctl template push` or `PUT /v1/templates/:name`.',
  },
  method_not_allowed: {
    cause: 'The path exists, but not with this method.',
    remedy: 'Use a method that the `Allow` header names.',
  },
  idempotency_key_reused: {
    cause: 'The same `Idempotency-Key` came within 24 hours with another body.',
    remedy: 'Use a new key for a new request, and the same key only to repeat the same one.',
  },
  idempotency_in_progress: {
    cause: 'The first request with this `Idempotency-Key` is not answered yet.',
    remedy: 'Repeat it after `Retry-After` seconds; then it has the answer of the first.',
  },
  not_cancelable: {
    cause: 'The message is being sent or has ended, so that it cannot be taken back.',
    remedy: 'None: only messages that are scheduled or queued can be canceled.',
  },
  not_scheduled: {
    cause: 'The message does not wait for a time: it is under way, has ended or was canceled.',
    remedy: 'None: only scheduled messages can be moved. Send a new one where it is still wanted.',
  },
  template_in_use: {
    cause: 'Mail that is scheduled or queued is still to be rendered with the template.',
    remedy: 'Delete the template when that mail has ended, or cancel it first.',
  },
  client_in_use: {
    cause: 'The client has mail that is scheduled or under way, so that it cannot be deleted.',
    remedy: 'Cancel that mail or let it be sent, and suspend the client meanwhile.',
  },
  name_taken: {
    cause: 'Another client has this name.',
    remedy: 'Choose another name.',
  },
  too_many_endpoints: {
    cause: 'The client has as many webhook endpoints of this mode as it may have.',
    remedy: 'Delete one that is not used any more, or let one endpoint take more types of events.',
  },
  endpoint_paused: {
    cause: 'The webhook endpoint is paused: by hand, or because it failed for a day.',
    remedy: 'Make it active with `PATCH /v1/webhook-endpoints/:id` and `{"status": "active"}`, then repeat.',
  },
  not_resolvable: {
    cause: 'The message is not in the state `unknown`, so that there is nothing to decide.',
    remedy: 'Look at its status with `GET /v1/messages/:id`.',
  },
  not_retryable: {
    cause: 'The message has not failed.',
    remedy: 'Look at its status with `GET /v1/messages/:id`; only failed messages can be retried.',
  },
  body_too_large: {
    cause: 'The body has more bytes than the server takes on this route.',
    remedy:
      'Send less, or split a batch. An operator can raise `MAX_BODY_BYTES` and `MAX_ATTACHMENT_BODY_BYTES`.',
  },
  unsupported_media_type: {
    cause: 'The body is not declared as what the route reads, or is compressed.',
    remedy: 'Send JSON with `Content-Type: application/json` and without `Content-Encoding`.',
  },
  invalid_request: {
    cause: 'A field, parameter or header is missing, unknown or of the wrong shape.',
    remedy: 'Correct each place that `errors` names.',
  },
  batch_rejected: {
    cause: 'In a strict batch at least one message is not acceptable, so that none was taken.',
    remedy:
      'Correct the messages that `items` names by their place, or send the batch with `"mode": "permissive"`.',
  },
  invalid_props: {
    cause: "The props do not fit the template's schema.",
    remedy: 'Correct each place that `errors` names; `GET /v1/templates/:name` shows the schema.',
  },
  template_invalid: {
    cause: 'What the template exports cannot be used: its schema, its headers or its preview props.',
    remedy: 'Correct what `detail` or `errors` names and push again.',
  },
  template_build_failed: {
    cause: 'A source of the template does not compile, or imports what templates may not.',
    remedy: 'Correct the place that `errors` names as file:line:column.',
  },
  template_render_failed: {
    cause: 'The template throws, takes too long or needs too much memory with these props.',
    remedy: 'Try it with `POST /v1/templates/:name/render`; `errors` names the place where it is known.',
  },
  too_many_streams: {
    cause: 'The client, or the server, has as many open event streams as there may be.',
    remedy:
      'Close streams that nobody reads and share one among readers; then repeat after `Retry-After` seconds.',
  },
  rate_limited: {
    cause: 'The client asked for more in a minute than it may.',
    remedy: 'Wait `Retry-After` seconds. The `RateLimit-*` headers say beforehand what is left.',
  },
  too_many_failures: {
    cause: 'Too many wrong keys came from this address within a minute.',
    remedy: 'Wait `Retry-After` seconds, and send a key that is good.',
  },
  quota_exceeded: {
    cause: "The client's quota of live messages for this calendar month (UTC) is used up.",
    remedy: 'Wait for the next month (`Retry-After`), or have an administrator raise `quotaLimit`.',
  },
  internal_error: {
    cause: 'A mistake of ours. The cause is in the log under the `requestId`, and is not shown to callers.',
    remedy:
      'Repeat with the same `Idempotency-Key`. Where it stays, give the `requestId` to whoever runs the server.',
  },
  overloaded: {
    cause: 'More waits than the server can bring to the database or the queue in time. Nothing was stored.',
    remedy:
      'Repeat after `Retry-After` seconds, with growing pauses. Operators find the reason at `/readyz`.',
  },
  service_unavailable: {
    cause: 'Something that is needed cannot be reached at the moment, mostly the database.',
    remedy: 'Repeat after `Retry-After` seconds. Operators find the reason at `/readyz`.',
  },
};

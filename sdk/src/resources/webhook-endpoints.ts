import { type ApiOf, dataOf, doneOf } from '../api-client.ts';
import { listFrom, type Listing } from '../listing.ts';
import type { CallOptions } from '../options.ts';
import type {
  NewWebhookEndpoint,
  PageOptions,
  RotationInput,
  WebhookDelivery,
  WebhookDeliveryQuery,
  WebhookEndpoint,
  WebhookEndpointChanges,
  WebhookEndpointInput,
  WebhookReplay,
  WebhookReplayInput,
  WebhookTest,
} from '../types.ts';

/** URLs that are told of what happens to messages. */
export type WebhookEndpointsResource = {
  /** The secret is in this answer and never again, so it is not asked for twice where the answer is lost. */
  create(endpoint: WebhookEndpointInput, options?: CallOptions): Promise<NewWebhookEndpoint>;
  /** Newest first: await it for one page, or iterate for all of them. */
  list(page?: PageOptions, options?: CallOptions): Listing<WebhookEndpoint>;
  get(id: string, options?: CallOptions): Promise<WebhookEndpoint>;
  /** What is left out stays. `status: 'active'` takes up one that was paused. */
  update(id: string, changes: WebhookEndpointChanges, options?: CallOptions): Promise<WebhookEndpoint>;
  delete(id: string, options?: CallOptions): Promise<void>;
  /** Gives it a new secret, shown this once; the old one signs too for a while. */
  rotate(id: string, input?: RotationInput, options?: CallOptions): Promise<NewWebhookEndpoint>;
  /** Sends an event of the type `webhook.test`. */
  test(id: string, options?: CallOptions): Promise<WebhookTest>;
  /** What was sent to it, with each attempt; newest first. */
  deliveries(id: string, query?: WebhookDeliveryQuery, options?: CallOptions): Listing<WebhookDelivery>;
  /** Sends one event again, or those of a time; `nextSince` says where to go on. */
  replay(id: string, input: WebhookReplayInput, options?: CallOptions): Promise<WebhookReplay>;
};

/** @internal */
export function createWebhookEndpoints(api: ApiOf): WebhookEndpointsResource {
  const all = (options: CallOptions | undefined) => api(options).v1['webhook-endpoints'];
  return {
    create: (endpoint, options) => dataOf(all(options).post(endpoint)),
    list: (page = {}, options) => listFrom(page, (query) => all(options).get({ query })),
    get: (id, options) => dataOf(all(options)({ id }).get()),
    update: (id, changes, options) => dataOf(all(options)({ id }).patch(changes)),
    delete: (id, options) => doneOf(all(options)({ id }).delete()),
    rotate: (id, input = {}, options) => dataOf(all(options)({ id }).rotate.post(input)),
    test: (id, options) => dataOf(all(options)({ id }).test.post()),
    deliveries: (id, query = {}, options) =>
      listFrom(query, (page) => all(options)({ id }).deliveries.get({ query: page })),
    replay: (id, input, options) => dataOf(all(options)({ id }).replay.post(input)),
  };
}

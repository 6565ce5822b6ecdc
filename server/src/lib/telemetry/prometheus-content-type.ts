/** The version of the text format that /metrics answers with. Apart from its writer, which loads the SDK. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

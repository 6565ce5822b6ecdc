/** Ids and times of the examples, which name the same things throughout. */
export const MESSAGE_ID = '019a8f3c-5d2e-7c41-9b1f-3a6d2e8c4b70';
export const CLIENT_ID = '019a8f3a-0b11-7e52-8c9d-1f2e3d4c5b6a';
export const SUPPRESSION_ID = '019a8f40-7a10-7d33-b2c4-5e6f708192a3';
export const ENDPOINT_ID = '019a8f41-2c3d-7a44-9e5f-60718293a4b5';
export const DELIVERY_ID = '019a8f42-3d4e-7b55-8f60-718293a4b5c6';
export const HOOK_URL = 'https://hooks.example.com/mail';
export const AT = '2026-11-21T08:00:00.000Z';
export const LATER = '2026-11-21T08:00:01.250Z';
export const HASH = '3b5d5c3712955042212316173ccf37be800e1a1f1e0b2f5a1c2d3e4f50617283';

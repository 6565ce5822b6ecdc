import type { Features } from '../parts.ts';

const NONE: Features = { parts: [], styleNonce: '' };

function readFeatures(): Features {
  const text = document.getElementById('features')?.textContent;
  // Written by the server that serves this very script.
  return text ? JSON.parse(text) : NONE;
}

/** What this server has. */
export const features: Features = readFeatures();

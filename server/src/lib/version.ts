import manifest from '../../package.json' with { type: 'json' };

/** The release that runs. The version of the API, which changes more rarely, is in its document. */
export const SERVICE_VERSION: string = manifest.version;

import manifest from '../../../package.json' with { type: 'json' };

/** What a project's editor needs, in the versions that the service renders with; a test holds them against the repository's. */
export const EDITOR_VERSIONS = {
  '@sinclair/typebox': '0.34.52',
  '@types/react': '19.3.0',
  react: '19.3.1',
  'react-email': '6.11.13',
  typescript: '7.0.2',
} as const;

/** Names the program too: a script that calls `mailctl` must never depend on who has taken that name in a registry. */
export const PROJECT_VERSIONS = { '@org/mailctl': manifest.version, ...EDITOR_VERSIONS };

/** The share of a provider that names none. */
export const DEFAULT_WEIGHT = 100;

/** What every provider has: exact integers, never proportions. */
export type ProviderPlace = {
  name: string;
  /** Lower is preferred; providers of equal order share by weight. */
  order: number;
  weight: number;
  /** Messages a second over all workers; null for no limit of ours. */
  ratePerS: number | null;
};

export type DkimSettings = {
  domain: string;
  selector: string;
  /** PEM. */
  privateKey: string;
};

export type SmtpProviderSettings = ProviderPlace & {
  kind: 'smtp';
  host: string;
  port: number;
  /** TLS from the first byte; otherwise STARTTLS where offered. */
  isSecure: boolean;
  /** Refuses to go on in plain text. */
  isTlsRequired: boolean;
  auth: { user: string; pass: string } | null;
  poolSize: number;
  /** `ca`: PEM of the authorities to trust in the place of the system's; `servername`: whom to expect behind the host. */
  tls: { ca?: string; servername?: string };
  dkim: DkimSettings | null;
};

export type SesProviderSettings = ProviderPlace & {
  kind: 'ses';
  region: string;
  /** Null for the machine's own (environment, profile, role). */
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | null;
  configurationSet: string | null;
  /** Null for Amazon's own. */
  endpoint: string | null;
  maxInFlight: number;
};

export type PostmarkProviderSettings = ProviderPlace & {
  kind: 'postmark';
  serverToken: string;
  messageStream: string;
  endpoint: string | null;
  maxInFlight: number;
};

export type ResendProviderSettings = ProviderPlace & {
  kind: 'resend';
  apiKey: string;
  endpoint: string | null;
  maxInFlight: number;
};

/** One configured way out. */
export type ProviderSettings =
  | SmtpProviderSettings
  | SesProviderSettings
  | PostmarkProviderSettings
  | ResendProviderSettings;

/** Parts that a server may have: `mailctl preview` alone has no database, hence neither inbox nor messages. */
export type PartName = 'preview' | 'inbox' | 'message';

/** What the server writes into the page. */
export type Features = {
  parts: readonly PartName[];
  /** Allows the styles that the editor makes while it runs; nothing else may add any. */
  styleNonce: string;
};

/** Creates a writer of amounts of the currency's smallest unit, such as cents, in the locale's own way. */
export function createMoneyFormat(currency: string, locale: string): (amount: number) => string {
  // made once a mail: it costs ten times what writing an amount does
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return (amount) => format.format(amount / 10 ** digits);
}

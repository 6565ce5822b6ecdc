import { join } from 'node:path';
import type { TemplateSources } from '../server/src/lib/engine/engine.ts';
import { readTemplate } from '../server/src/lib/engine/fixtures/read-template.ts';

const TEMPLATES_DIR = join(import.meta.dir, '..', 'templates');

/** A starter template with the props that it is measured with. */
export type Mail = { name: string; folder: string; sources: TemplateSources; propsJson: string };

const PROPS = {
  welcome: {
    name: 'Ada',
    productName: 'Northwind',
    startUrl: 'https://example.com/start',
    supportEmail: 'hello@example.com',
  },
  receipt: {
    shopName: 'Northwind Coffee',
    customerName: 'Ada',
    orderNumber: 'NW-20418',
    orderedAt: '2025-01-01',
    currency: 'EUR',
    items: Array.from({ length: 20 }, (_, index) => ({
      name: `Article number ${index + 1}`,
      note: `Variant ${index % 4}, "fresh" & ready`,
      quantity: (index % 3) + 1,
      price: 450 + index * 37,
    })),
    shipping: 490,
    tax: 1851,
    address: ['Ada Lovelace', '12 Analytical Row', '1010 Vienna'],
    orderUrl: 'https://example.com/orders/NW-20418',
  },
  digest: {
    productName: 'Northwind',
    period: '23 to 29 December',
    sections: Array.from({ length: 5 }, (_section, section) => ({
      title: `Section ${section + 1}`,
      entries: Array.from({ length: 20 }, (_entry, entry) => ({
        title: `Something worth reading, part ${entry + 1}`,
        url: `https://example.com/${section}/${entry}?from=digest&week=52`,
        by: `Author ${entry + 1}`,
        figure: `${entry * 7} reads`,
      })),
    })),
    settingsUrl: 'https://example.com/settings',
  },
};

/** The welcome mail, the receipt of 20 items and the digest of 100 rows. */
export function readMails(): Mail[] {
  return Object.entries(PROPS).map(([name, props]) => {
    const folder = join(TEMPLATES_DIR, name);
    return { name, folder, sources: readTemplate(folder), propsJson: JSON.stringify(props) };
  });
}

/** The receipt of 20 items. */
export function readReceipt(): Mail {
  const receipt = readMails().find(({ name }) => name === 'receipt');
  if (!receipt) throw new Error('There is no receipt');
  return receipt;
}

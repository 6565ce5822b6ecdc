import { Type, type Static } from '@sinclair/typebox';
import {
  Body,
  Button,
  Container,
  Head,
  Heading,
  Hr,
  Html,
  Link,
  Preview,
  Section,
  Tailwind,
  Text,
  pixelBasedPreset,
} from 'react-email';

export const schema = Type.Object(
  {
    productName: Type.String({ minLength: 1, maxLength: 60 }),
    resetUrl: Type.String({ format: 'uri' }),
    expiresInMinutes: Type.Integer({ minimum: 1, maximum: 10_080 }),
    requestedFrom: Type.Optional(Type.String({ maxLength: 120 })),
  },
  { additionalProperties: false },
);

export type Props = Static<typeof schema>;

export const PreviewProps: Props = {
  productName: 'Northwind',
  resetUrl: 'https://example.com/reset?token=4f1c2a',
  expiresInMinutes: 30,
  requestedFrom: 'Firefox on Linux, Vienna',
};

export const subject = ({ productName }: Props) => `Reset your ${productName} password`;

function describeMinutes(minutes: number): string {
  if (minutes % 60 !== 0 || minutes < 120) return minutes === 1 ? '1 minute' : `${minutes} minutes`;
  return `${minutes / 60} hours`;
}

export default function PasswordReset({ productName, resetUrl, expiresInMinutes, requestedFrom }: Props) {
  const duration = describeMinutes(expiresInMinutes);
  return (
    <Html lang="en">
      <Tailwind config={{ presets: [pixelBasedPreset] }}>
        <Head>
          <meta name="color-scheme" content="light" />
        </Head>
        <Preview>{`Choose a new password. The link works for ${duration}.`}</Preview>
        <Body className="m-0 bg-[#f4f3ef] px-3 py-10 font-sans sm:px-0">
          <Container className="mx-auto w-full max-w-[600px]">
            <Text className="m-0 px-2 pb-4 text-[15px] font-semibold tracking-tight text-[#1d1c1a]">
              {productName}
            </Text>
            <Section className="rounded-2xl bg-white px-6 py-10 sm:px-12">
              <Heading className="m-0 text-[26px] font-semibold leading-[34px] tracking-tight text-[#1d1c1a]">
                Choose a new password
              </Heading>
              <Text className="mb-8 mt-4 text-base leading-[26px] text-[#55524c]">
                Somebody, hopefully you, asked to reset the password of your {productName} account. The link
                works once and for {duration}.
              </Text>
              <Button
                href={resetUrl}
                className="rounded-lg bg-[#1f6f4a] px-7 py-[14px] text-base font-semibold leading-[20px] text-white"
              >
                Reset password
              </Button>
              <Text className="mb-0 mt-8 text-[13px] leading-[20px] text-[#77736b]">
                Does the button not work? Copy this address into your browser:
              </Text>
              <Text className="m-0 break-all text-[13px] leading-[20px]">
                <Link href={resetUrl} className="text-[#1f6f4a] underline">
                  {resetUrl}
                </Link>
              </Text>
              <Hr className="my-8 border-[#e8e6e0]" />
              <Text className="m-0 text-[15px] leading-[24px] text-[#55524c]">
                If it was not you, you need not do anything: your password stays as it is.
                {requestedFrom === undefined ? '' : ` The request came from ${requestedFrom}.`}
              </Text>
            </Section>
          </Container>
        </Body>
      </Tailwind>
    </Html>
  );
}

import { Type, type Static } from '@sinclair/typebox';
import {
  Body,
  Button,
  Column,
  Container,
  Head,
  Heading,
  Hr,
  Html,
  Link,
  Preview,
  Row,
  Section,
  Tailwind,
  Text,
  pixelBasedPreset,
} from 'react-email';

export const schema = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 100 }),
    productName: Type.String({ minLength: 1, maxLength: 60 }),
    startUrl: Type.String({ format: 'uri' }),
    supportEmail: Type.Optional(Type.String({ format: 'email' })),
  },
  { additionalProperties: false },
);

export type Props = Static<typeof schema>;

export const PreviewProps: Props = {
  name: 'Ada',
  productName: 'Northwind',
  startUrl: 'https://example.com/start',
  supportEmail: 'hello@example.com',
};

export const subject = ({ name, productName }: Props) => `Welcome to ${productName}, ${name}`;

const STEPS = [
  { title: 'Set up your profile', text: 'Your name and a picture, so that people know who is writing.' },
  { title: 'Invite your team', text: 'Everything works better with the two people you would ask first.' },
  { title: 'Make something small', text: 'Ten minutes are enough. You can throw it away afterwards.' },
];

export default function Welcome({ name, productName, startUrl, supportEmail }: Props) {
  return (
    <Html lang="en">
      <Tailwind config={{ presets: [pixelBasedPreset] }}>
        <Head>
          <meta name="color-scheme" content="light" />
        </Head>
        <Preview>{`Three small steps to get going with ${productName}.`}</Preview>
        <Body className="m-0 bg-[#f4f3ef] px-3 py-10 font-sans sm:px-0">
          <Container className="mx-auto w-full max-w-[600px]">
            <Text className="m-0 px-2 pb-4 text-[15px] font-semibold tracking-tight text-[#1d1c1a]">
              {productName}
            </Text>
            <Section className="rounded-2xl bg-white px-6 py-10 sm:px-12">
              <Heading className="m-0 text-[30px] font-semibold leading-[38px] tracking-tight text-[#1d1c1a]">
                Good to have you, {name}.
              </Heading>
              <Text className="mb-8 mt-4 text-base leading-[26px] text-[#55524c]">
                Your account is ready. Nothing is urgent, but these three steps are what people tell us they
                wish they had done first.
              </Text>
              {STEPS.map((step, index) => (
                <Row key={step.title} className="mb-5">
                  <Column className="w-[44px] align-top">
                    <Text className="m-0 h-[28px] w-[28px] rounded-full bg-[#e9f1ec] text-center text-[14px] font-semibold leading-[28px] text-[#1f6f4a]">
                      {index + 1}
                    </Text>
                  </Column>
                  <Column className="align-top">
                    <Text className="m-0 text-base font-semibold leading-[26px] text-[#1d1c1a]">
                      {step.title}
                    </Text>
                    <Text className="m-0 text-[15px] leading-[24px] text-[#55524c]">{step.text}</Text>
                  </Column>
                </Row>
              ))}
              <Button
                href={startUrl}
                className="mt-4 rounded-lg bg-[#1f6f4a] px-7 py-[14px] text-base font-semibold leading-[20px] text-white"
              >
                Take the first step
              </Button>
              {supportEmail === undefined ? null : (
                <>
                  <Hr className="mb-6 mt-10 border-[#e8e6e0]" />
                  <Text className="m-0 text-[15px] leading-[24px] text-[#55524c]">
                    Stuck, or just curious? A person reads{' '}
                    <Link href={`mailto:${supportEmail}`} className="text-[#1f6f4a] underline">
                      {supportEmail}
                    </Link>
                    .
                  </Text>
                </>
              )}
            </Section>
            <Text className="m-0 px-2 pt-6 text-[13px] leading-[20px] text-[#8a867d]">
              You received this mail because you created an account at {productName}.
            </Text>
          </Container>
        </Body>
      </Tailwind>
    </Html>
  );
}

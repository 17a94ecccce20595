interface BarsProps {
  readonly of: readonly { readonly value: number; readonly isBad: boolean }[];
  readonly label: string;
}
const HEIGHT = 28;
const STEP = 4;
/** The width always has room for this many bars. */
const FEW = 60;

/** A row of bars without axes, scaled to the highest value. */
export function Bars({ of, label }: BarsProps) {
  const width = Math.max(of.length, FEW) * STEP;
  const most = Math.max(...of.map(({ value }) => value), 1);
  return (
    <svg class="bars" role="img" aria-label={label} viewBox={`0 0 ${width} ${HEIGHT}`} preserveAspectRatio="none">
      {of.map(({ value, isBad }, at) => {
        const height = Math.max((value / most) * HEIGHT, 1.5);
        return (
          <rect
            key={at}
            class={isBad ? 'bad' : ''}
            x={at * STEP}
            y={HEIGHT - height}
            width={STEP - 1}
            height={height}
          />
        );
      })}
    </svg>
  );
}

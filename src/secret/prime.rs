//! Random primes of the sizes that RSA keys need.
//!
//! Nearly all candidates are composite, and nearly all time goes into seeing that. Here they are only thrown out, by small
//! factors and by Fermat's test, and no prime ever is; that what is left is prime says the crate `crypto-primes`, as it does
//! for the crate `rsa`. All randomness is the operating system's.

use std::sync::LazyLock;

use crypto_bigint::{BoxedUint, Limb, NonZero, Uint};
use crypto_primes::{Flavor, is_prime};
use zeroize::Zeroizing;

/// The exponent of every key.
pub(super) const EXPONENT: u32 = 65_537;
/// Candidates are divided by the primes below this: larger ones cost more than the tests they save.
const SMALL: u32 = 1 << 17;
/// Odd numbers that are sieved at once: eleven of them are primes of 1024 bits, on average.
const WINDOW: usize = 4096;

/// Limbs of the longest prime, of 2048 bits.
const MAX_LIMBS: usize = 32;

/// Odd primes that stand together in one limb, with their product: one long division serves all.
struct Group {
    primes: Vec<u32>,
    product: NonZero<Limb>,
}

static GROUPS: LazyLock<Vec<Group>> = LazyLock::new(|| {
    let mut groups: Vec<(Vec<u32>, u64)> = Vec::new();
    for prime in small_primes() {
        match groups.last_mut().map(|(primes, product)| (primes, product.checked_mul(u64::from(prime)), product)) {
            Some((primes, Some(more), product)) => {
                primes.push(prime);
                *product = more;
            }
            _ => groups.push((vec![prime], u64::from(prime))),
        }
    }
    let group = |(primes, product)| Group { primes, product: NonZero::new(Limb(product)).expect("no factor is zero") };
    groups.into_iter().map(group).collect()
});

/// The odd primes below [`SMALL`].
fn small_primes() -> impl Iterator<Item = u32> {
    let end = SMALL as usize;
    let mut is_composite = vec![false; end];
    for factor in (3..).step_by(2).take_while(|factor| factor * factor < end) {
        (factor * factor..end).step_by(factor).for_each(|at| is_composite[at] = true);
    }
    (3..SMALL).step_by(2).filter(move |&number| !is_composite[number as usize])
}

/// A prime of exactly `LIMBS` limbs whose two highest bits are set, so that the product of two has all its bits, and which an
/// exponent of [`EXPONENT`] suits.
pub(super) fn prime<const LIMBS: usize>() -> Result<Uint<LIMBS>, getrandom::Error> {
    loop {
        let start = random_odd::<LIMBS>()?;
        let is_composite = sieve(&start);
        for (step, _) in (0_u64..).step_by(2).zip(&*is_composite).filter(|(_, is_composite)| !**is_composite) {
            let number = start.wrapping_add(&Uint::from_u64(step));
            if !has_high_bits(&number) {
                break;
            }
            let suits = number.rem_limb(NonZero::new(Limb(EXPONENT.into())).expect("not zero")) != Limb::ONE;
            // Without optimisation, the crate's test is the faster one: dependencies are compiled with it.
            let may_be_prime = suits && (cfg!(debug_assertions) || passes_fermat(&number));
            if may_be_prime && is_prime(Flavor::Any, &BoxedUint::from(&number)) {
                return Ok(number);
            }
        }
    }
}

fn random_odd<const LIMBS: usize>() -> Result<Uint<LIMBS>, getrandom::Error> {
    let mut bytes = Zeroizing::new(vec![0; LIMBS * Limb::BYTES]);
    getrandom::fill(&mut bytes)?;
    bytes[0] |= 0b1100_0000;
    let last = bytes.len() - 1;
    bytes[last] |= 1;
    Ok(Uint::from_be_slice(&bytes))
}

fn has_high_bits<const LIMBS: usize>(number: &Uint<LIMBS>) -> bool {
    number.as_limbs()[LIMBS - 1].0 >> (Limb::BITS - 2) == 0b11
}

/// Which of `start`, `start + 2`, `start + 4`… have a small factor; `start` is odd and larger than all of those.
fn sieve<const LIMBS: usize>(start: &Uint<LIMBS>) -> Zeroizing<Vec<bool>> {
    let mut is_composite = Zeroizing::new(vec![false; WINDOW]);
    for Group { primes, product } in &*GROUPS {
        let rest = start.rem_limb(*product).0;
        for &prime in primes {
            let missing = (prime - remainder(rest, prime)) % prime;
            // Steps are of two: an odd distance is gone at the next multiple.
            let first = if missing.is_multiple_of(2) { missing / 2 } else { missing.midpoint(prime) };
            (first as usize..WINDOW).step_by(prime as usize).for_each(|at| is_composite[at] = true);
        }
    }
    is_composite
}

#[expect(clippy::cast_possible_truncation, reason = "less than `prime`")]
fn remainder(number: u64, prime: u32) -> u32 {
    (number % u64::from(prime)) as u32
}

/// `false` for a composite number that is seen to be one: 2 to the power of `number - 1` is 1 for every prime. `number` has its
/// two highest bits set. A power of two takes squares and doublings, so that this is twice as fast as the general
/// powers in the test of Miller and Rabin. Neither branches nor waits by the bits of what may become a private key.
fn passes_fermat<const LIMBS: usize>(number: &Uint<LIMBS>) -> bool {
    let modulus: [u64; LIMBS] = std::array::from_fn(|at| number.as_limbs()[at].0);
    // One in Montgomery's form: 2^BITS less the modulus.
    let one = *number.wrapping_neg().as_words();
    let mut inverse = modulus[0];
    for _ in 0..5 {
        // Each step doubles the bits that are right, from three.
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(modulus[0].wrapping_mul(inverse)));
    }
    let mut power = one;
    for at in (0..Uint::<LIMBS>::BITS).rev() {
        power = square(&power, &modulus, inverse.wrapping_neg());
        // The lowest bit of an odd number is the one that is not in the exponent.
        let bit = modulus[(at / 64) as usize] >> (at % 64) & u64::from(at != 0);
        double_if(bit, &mut power, &modulus);
    }
    let above = u64::from(Uint::from_words(power) >= *number);
    subtract_if(above, &mut power, &modulus);
    power == one
}

/// The square of `number` divided by 2^BITS, modulo `modulus`: both are of BITS, and so is the result, which may be above the
/// modulus. `inverse` is that of the modulus, negative.
fn square<const LIMBS: usize>(number: &[u64; LIMBS], modulus: &[u64; LIMBS], inverse: u64) -> [u64; LIMBS] {
    let mut room = [0; 2 * MAX_LIMBS];
    let product = &mut room[..2 * LIMBS];
    // Each product of two different limbs once,
    for (at, &one) in number.iter().enumerate() {
        let carry = add_multiple(&mut product[2 * at + 1..], &number[at + 1..], one);
        product[at + LIMBS] = carry;
    }
    // then all of them twice, and the squares.
    let (mut shifted, mut carry) = (0, 0);
    for (pair, &one) in product.chunks_exact_mut(2).zip(number) {
        let (low, high) = halves(u128::from(one) * u128::from(one));
        let twice = (pair[0] << 1 | shifted, pair[1] << 1 | pair[0] >> 63);
        shifted = pair[1] >> 63;
        (pair[0], carry) = halves(u128::from(twice.0) + u128::from(low) + u128::from(carry));
        (pair[1], carry) = halves(u128::from(twice.1) + u128::from(high) + u128::from(carry));
    }
    let mut over = 0;
    for at in 0..LIMBS {
        let factor = product[at].wrapping_mul(inverse);
        let carry = add_multiple(&mut product[at..], modulus, factor);
        let sum = u128::from(product[at + LIMBS]) + u128::from(carry) + u128::from(over);
        (product[at + LIMBS], over) = halves(sum);
    }
    let mut result = std::array::from_fn(|at| product[at + LIMBS]);
    subtract_if(over, &mut result, modulus);
    result
}

/// Adds `factor` times `number` to the lowest limbs of `sum`; gives what goes to the limb above those.
fn add_multiple(sum: &mut [u64], number: &[u64], factor: u64) -> u64 {
    let mut carry = 0;
    for (sum, &limb) in sum.iter_mut().zip(number) {
        let wide = u128::from(limb) * u128::from(factor) + u128::from(*sum) + u128::from(carry);
        (*sum, carry) = halves(wide);
    }
    carry
}

/// The lower and the upper half.
#[expect(clippy::cast_possible_truncation, reason = "the upper half is the other")]
const fn halves(wide: u128) -> (u64, u64) {
    (wide as u64, (wide >> 64) as u64)
}

/// Doubles `number` if `bit` is 1, and takes the modulus away as often as there is no room for the result.
fn double_if<const LIMBS: usize>(bit: u64, number: &mut [u64; LIMBS], modulus: &[u64; LIMBS]) {
    let mut over = 0;
    for limb in &mut *number {
        (*limb, over) = (*limb << bit | over, *limb >> 63 & bit);
    }
    let over = over - subtract_if(over, number, modulus);
    subtract_if(over, number, modulus);
}

/// Takes the modulus away if `bit` is 1; gives what was borrowed from above.
fn subtract_if<const LIMBS: usize>(bit: u64, number: &mut [u64; LIMBS], modulus: &[u64; LIMBS]) -> u64 {
    let mask = bit.wrapping_neg();
    let mut borrow = false;
    for (limb, &less) in number.iter_mut().zip(modulus) {
        let (rest, first) = limb.overflowing_sub(less & mask);
        let (rest, second) = rest.overflowing_sub(u64::from(borrow));
        (*limb, borrow) = (rest, first | second);
    }
    u64::from(borrow)
}

#[cfg(test)]
mod tests {
    use crypto_bigint::{U128, U1024, U2048};

    use super::*;

    #[test]
    fn the_sieve_finds_what_has_a_small_factor_and_nothing_else() {
        assert_eq!(small_primes().count(), 12_250);
        let start = U128::from_be_hex("c0000000000000000000000000000001").wrapping_add(&U128::from_u64(2 * 1234));
        let is_composite = sieve(&start);
        for (at, found) in is_composite.iter().enumerate().step_by(7) {
            let number = start.wrapping_add(&U128::from_u64(2 * at as u64));
            let divides = |prime| number.rem_limb(NonZero::new(Limb(u64::from(prime))).unwrap()) == Limb::ZERO;
            assert_eq!(*found, small_primes().any(divides), "{at}");
        }
    }

    /// For random numbers, Fermat's test is never wrong in practice.
    #[test]
    fn fermat_agrees_with_the_crate() {
        fn count<const LIMBS: usize>(numbers: usize) -> usize {
            let start = random_odd::<LIMBS>().unwrap();
            let is_composite = sieve(&start);
            let left = (0..WINDOW).filter(|&at| !is_composite[at]).take(numbers);
            let numbers = left.map(|at| start.wrapping_add(&Uint::from_u64(2 * at as u64)));
            numbers
                .filter(|number| {
                    let found = passes_fermat(number);
                    assert_eq!(found, is_prime(Flavor::Any, &BoxedUint::from(number)), "{number}");
                    found
                })
                .count()
        }
        // About one in four is a prime.
        assert!(count::<{ U128::LIMBS }>(200) > 10);
        count::<{ U1024::LIMBS }>(20);
        count::<{ U2048::LIMBS }>(3);
    }

    #[test]
    fn primes_have_the_bits_and_suit_the_exponent() {
        let [a, b] = [(); 2].map(|()| prime::<{ U1024::LIMBS }>().unwrap());
        assert_ne!(a, b);
        for number in [a, b] {
            assert!(has_high_bits(&number) && is_prime(Flavor::Any, &number));
            assert_ne!(number.rem_limb(NonZero::new(Limb(EXPONENT.into())).unwrap()), Limb::ONE);
        }
    }
}

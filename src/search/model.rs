//! The model: softmax regression over sparse features, with one class for each entry and one for none of them.
//!
//! It is trained from the knowledge each time that is loaded, always to the same weights, so that an author sees at once
//! what a symptom does. No crate fits: those there are (linfa, smartcore) want dense matrices, which at tens of
//! thousands of features take seconds and hundreds of megabytes for what is a short loop.

/// A text as the model sees it: features and their values, each feature once.
pub(super) type Vector = Vec<(u32, f32)>;

/// A text with a known answer.
pub(super) struct Example {
    pub(super) vector: Vector,
    /// The number of its class.
    pub(super) class: usize,
}

/// How often training sees every example; where there are many classes, and so very many examples, less often.
const ROUNDS: [u32; 2] = [8, 4];
/// How far a weight steps at first; the steps shrink with what it has been through (`AdaGrad`, Duchi et al. 2011).
const STEP: f32 = 0.3;
/// How much large weights are held back (L2).
const RESTRAINT: f32 = 0.001;
/// A class's bias has all examples to learn from, and takes smaller steps.
const BIAS: f32 = 0.1;

/// An example whose errors' squares sum to less is known well enough: it teaches nothing that would be seen.
const KNOWN: f32 = 1e-3;

/// The trained weights.
pub(super) struct Model {
    bias: Vec<f32>,
    /// Where each feature's weights begin.
    starts: Vec<u32>,
    /// The classes that each feature has weights for; where all have them for all, these are told once.
    classes: Vec<u16>,
    alike: bool,
    weights: Vec<f32>,
}

/// Up to so many classes each feature has a weight for every one. Of more, for those alone whose examples have it, so
/// that time and memory grow with the texts and not with their product.
const FEW_CLASSES: usize = 64;
/// Where there are many classes, a feature of more than so many tells none of them, and costs most of the time.
const COMMON: usize = 400;

impl Model {
    /// Trains on the examples.
    pub(super) fn train(classes: usize, features: usize, examples: &[Example]) -> Self {
        let mut model = Self::empty(classes, features, examples);
        // For each feature, and last for the biases: the squared gradients so far.
        let mut past = vec![1e-6_f32; features + 1];
        let mut order: Vec<usize> = (0..examples.len()).collect();
        let mut shuffle = Shuffle(0x9e37_79b9_7f4a_7c15);
        for _ in 0..ROUNDS[usize::from(classes > FEW_CLASSES)] {
            shuffle.apply(&mut order);
            for example in order.iter().filter_map(|&at| examples.get(at)) {
                model.learn(example, &mut past);
            }
        }
        model
    }

    /// Moves the weights towards the example's class, and away from those that it was taken for.
    fn learn(&mut self, example: &Example, past: &mut [f32]) {
        let mut errors = self.score(&example.vector);
        softmax(&mut errors);
        if let Some(error) = errors.get_mut(example.class) {
            *error -= 1.0;
        }
        let size: f32 = errors.iter().map(|error| error * error).sum();
        if size < KNOWN {
            return;
        }
        if let Some(past) = past.last_mut() {
            *past += size * BIAS * BIAS;
            let step = STEP * BIAS / past.sqrt();
            self.bias.iter_mut().zip(&errors).for_each(|(bias, error)| *bias -= step * error);
        }
        for &(feature, value) in &example.vector {
            let Some(past) = past.get_mut(feature as usize) else { continue };
            *past += value * value * size;
            let step = STEP / past.sqrt();
            let (pull, hold) = (step * value, 1.0 - (step * RESTRAINT).min(0.5));
            let (classes, weights) = self.row_mut(feature);
            for (class, weight) in classes.iter().zip(weights) {
                if let Some(error) = errors.get(usize::from(*class)) {
                    *weight = *weight * hold - pull * error;
                }
            }
        }
    }

    fn empty(classes: usize, features: usize, examples: &[Example]) -> Self {
        let all = u16::try_from(classes).unwrap_or(u16::MAX);
        let mut rows: Vec<Vec<u16>> = Vec::new();
        if classes <= FEW_CLASSES {
            rows.resize(features, (0..all).collect());
        } else {
            rows.resize(features, Vec::new());
            for example in examples {
                let Ok(class) = u16::try_from(example.class) else { continue };
                for (feature, _) in &example.vector {
                    if let Some(row) = rows.get_mut(*feature as usize)
                        && row.last() != Some(&class)
                        && !row.contains(&class)
                    {
                        row.push(class);
                    }
                }
            }
        }
        for row in rows.iter_mut().filter(|row| row.len() > COMMON) {
            row.clear();
        }
        let mut starts = vec![0];
        let mut end = 0;
        for row in &rows {
            end += u32::try_from(row.len()).unwrap_or(u32::MAX);
            starts.push(end);
        }
        let weights = vec![0.0; end as usize];
        let alike = classes <= FEW_CLASSES;
        let classes_of_rows = if alike { (0..all).collect() } else { rows.concat() };
        Self { bias: vec![0.0; classes], starts, classes: classes_of_rows, alike, weights }
    }

    /// The score of each class.
    pub(super) fn score(&self, vector: &Vector) -> Vec<f32> {
        let mut scores = self.bias.clone();
        for &(feature, value) in vector {
            let (classes, weights) = self.row(feature);
            for (class, weight) in classes.iter().zip(weights) {
                if let Some(score) = scores.get_mut(usize::from(*class)) {
                    *score += value * weight;
                }
            }
        }
        scores
    }

    /// What a feature weighs for a class.
    pub(super) fn weight(&self, feature: u32, class: usize) -> f32 {
        let (classes, weights) = self.row(feature);
        let at = classes.iter().position(|own| usize::from(*own) == class);
        at.and_then(|at| weights.get(at)).copied().unwrap_or(0.0)
    }

    fn range(&self, feature: u32) -> std::ops::Range<usize> {
        let at = |place: usize| self.starts.get(place).map_or(0, |start| *start as usize);
        at(feature as usize)..at(feature as usize + 1)
    }

    fn row(&self, feature: u32) -> (&[u16], &[f32]) {
        let range = self.range(feature);
        let classes = if self.alike { Some(&*self.classes) } else { self.classes.get(range.clone()) };
        (classes.unwrap_or_default(), self.weights.get(range).unwrap_or_default())
    }

    fn row_mut(&mut self, feature: u32) -> (&[u16], &mut [f32]) {
        let range = self.range(feature);
        let classes = if self.alike { Some(&*self.classes) } else { self.classes.get(range.clone()) };
        (classes.unwrap_or_default(), self.weights.get_mut(range).unwrap_or_default())
    }
}

/// Turns scores into probabilities that sum to one.
pub(super) fn softmax(scores: &mut [f32]) {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for score in scores.iter_mut() {
        *score = (*score - most).exp();
    }
    let sum: f32 = scores.iter().sum();
    for score in scores.iter_mut() {
        *score /= sum;
    }
}

/// An order that looks random and is the same every time (Marsaglia's xorshift).
struct Shuffle(u64);

impl Shuffle {
    fn apply(&mut self, order: &mut [usize]) {
        for at in (1..order.len()).rev() {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            let other = usize::try_from(self.0 % (at as u64 + 1)).unwrap_or(0);
            order.swap(at, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two examples for each class, which share a feature that tells nothing.
    fn trained(classes: usize) -> Model {
        let features = classes + 1;
        let example = |class: usize| {
            let own = u32::try_from(class + 1).unwrap();
            Example { vector: vec![(0, 1.0), (own, 1.0)], class }
        };
        Model::train(classes, features, &(0..classes).chain(0..classes).map(example).collect::<Vec<_>>())
    }

    #[test]
    fn what_was_learned_is_told_apart_with_few_classes_and_with_many() {
        for classes in [2, FEW_CLASSES, FEW_CLASSES + 1, 500] {
            let model = trained(classes);
            for class in [0, classes / 2, classes - 1] {
                let own = u32::try_from(class + 1).unwrap();
                let scores = model.score(&vec![(0, 1.0), (own, 1.0)]);
                let best = (0..classes).max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
                assert_eq!(best, Some(class), "of {classes}");
                assert!(model.weight(own, class) > 0.0);
            }
        }
    }

    #[test]
    fn training_gives_the_same_weights_every_time() {
        assert_eq!(trained(5).weights, trained(5).weights);
    }

    #[test]
    fn probabilities_sum_to_one_however_large_the_scores() {
        for mut scores in [vec![0.0; 3], vec![1e30, -1e30, 0.0], vec![90.0, 89.0, -700.0]] {
            softmax(&mut scores);
            assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{scores:?}");
        }
    }

    #[test]
    fn a_feature_that_nobody_knows_changes_nothing() {
        let model = trained(3);
        assert_eq!(model.score(&vec![(99, 5.0)]), model.score(&Vec::new()));
    }
}

# The auranofin trial as a brms cumulative() model: Rscript brms_ordinal.R RECORDS.csv CHAINS DRAWS TUNE PRIORS.csv
#
# RECORDS.csv: patient, y (1 to K), treated (1 after baseline in the treated arm), w1..wJ (weights of a visit's
# steps). PRIORS.csv: name, first, second. Thresholds are baseline_mean below the cutpoints, so that their mean is
# minus baseline_mean and their distances are the gaps. Prints seconds, and mean and SD of what both models have.
suppressMessages(library(brms))
# Distributions whose package BH is empty keep Boost among the system's headers.
if (!file.exists(rstan::rstan_options("boost_lib"))) invisible(rstan::rstan_options(boost_lib = "/usr/include"))
asked <- commandArgs(trailingOnly = TRUE)
records <- read.csv(asked[1])
chains <- as.integer(asked[2]); draws <- as.integer(asked[3]); tune <- as.integer(asked[4])
numbers <- read.csv(asked[5], row.names = 1)
records$y <- factor(records$y, ordered = TRUE)
steps <- grep("^w[0-9]+$", names(records), value = TRUE)
model <- bf(as.formula(paste("y ~ treated +", paste(steps, collapse = " + "), "+ (1 | patient)")), center = FALSE)
gaps <- grep("^gap_", rownames(numbers), value = TRUE)
on_thresholds <- c(
  sprintf("  target += normal_lpdf(mean(Intercept) | %.17g, %.17g);",
          -numbers["baseline_mean", 1], numbers["baseline_mean", 2]),
  sprintf("  target += lognormal_lpdf(Intercept[%d] - Intercept[%d] | log(%.17g), %.17g);",
          seq_along(gaps) + 1, seq_along(gaps), numbers[gaps, 1], numbers[gaps, 2]))
on_steps <- do.call(c, lapply(steps, function(step)
  set_prior(sprintf("normal(0, %.17g)", numbers["walk_sd", 1]), class = "b", coef = step)))
priors <- c(
  on_steps,
  set_prior("", class = "Intercept"),
  set_prior(sprintf("normal(%.17g, %.17g)", numbers["effect_change", 1], numbers["effect_change", 2]),
            class = "b", coef = "treated"),
  set_prior(sprintf("lognormal(log(%.17g), %.17g)", numbers["baseline_sd", 1], numbers["baseline_sd", 2]),
            class = "sd", coef = "Intercept", group = "patient"))
began <- proc.time()[["elapsed"]]
fit <- brm(model, data = records, family = cumulative("logit"), prior = priors,
           stanvars = stanvar(scode = paste(on_thresholds, collapse = "\n"), block = "model"),
           chains = chains, cores = chains, iter = tune + draws, warmup = tune, seed = 1, refresh = 0,
           silent = 2, open_progress = FALSE)
cat("seconds", proc.time()[["elapsed"]] - began, "\n")
made <- as.data.frame(fit)
thresholds <- as.matrix(made[, grep("^b_Intercept", names(made))])
tell <- function(name, x) cat("posterior", name, mean(x), sd(x), posterior::mcse_mean(matrix(x, ncol = chains)), "\n")
tell("effect_change", made$b_treated)
tell("baseline_mean", -rowMeans(thresholds))
tell("baseline_sd", made$sd_patient__Intercept)
for (k in seq_along(gaps)) tell(gaps[k], thresholds[, k + 1] - thresholds[, k])

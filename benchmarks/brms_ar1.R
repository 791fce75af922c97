# The page of brms_ar1.py as a brms model: Rscript brms_ar1.R RECORDS.csv CHAINS DRAWS TUNE
#
# RECORDS.csv: patient, week, value, r. brms's sigma is the SD of the innovations, sigma^2 / (1 - ar^2) the variance of
# a residual; so the priors of our residual SD and of the correlation stand in stanvars, with their Jacobians. Prints
# for each parameter its name and its draws' mean, SD and bulk effective sample size.
suppressMessages(library(brms))
# Distributions whose package BH is empty keep Boost among the system's headers.
if (!file.exists(rstan::rstan_options("boost_lib"))) invisible(rstan::rstan_options(boost_lib = "/usr/include"))
asked <- commandArgs(trailingOnly = TRUE)
records <- read.csv(asked[1])
chains <- as.integer(asked[2]); draws <- as.integer(asked[3]); tune <- as.integer(asked[4])
model <- bf(value ~ 0 + Intercept + r + (1 + r | patient) + ar(time = week, gr = patient, p = 1, cov = TRUE))
priors <- c(
  prior(normal(250, 50), class = "b", coef = "Intercept"),
  prior(normal(0, 100), class = "b", coef = "r"),
  prior(lognormal(log(30), 0.5), class = "sd", coef = "Intercept", group = "patient"),
  prior(lognormal(log(50), 0.5), class = "sd", coef = "r", group = "patient"),
  prior(lkj(2), class = "cor"),
  set_prior("", class = "sigma"),
  set_prior("", class = "ar", lb = 0, ub = 1)
)
of_residuals <- stanvar(block = "model", scode = "
  target += lognormal_lpdf(sigma / sqrt(1 - square(ar[1])) | log(25), 0.4) - 0.5 * log1m(square(ar[1]));
  target += normal_lpdf(inv_Phi(ar[1]) | inv_Phi(0.3), 0.6) - std_normal_lpdf(inv_Phi(ar[1]));
")
fit <- brm(model, data = records, prior = priors, stanvars = of_residuals, chains = chains, cores = chains,
           iter = tune + draws, warmup = tune, seed = 1, refresh = 0, silent = 2, open_progress = FALSE,
           init = 0.1, control = list(adapt_delta = 0.95))
found <- as_draws_df(fit)
told <- list(
  baseline_mean = found$b_Intercept, change = found$b_r,
  baseline_sd = found$sd_patient__Intercept, response_sd = found$sd_patient__r,
  correlation = found$cor_patient__Intercept__r,
  residual_sd = found$sigma / sqrt(1 - found$`ar[1]`^2), autocorrelation = found$`ar[1]`
)
for (name in names(told)) {
  one <- matrix(told[[name]], ncol = chains)
  cat("posterior", name, mean(one), sd(one), posterior::ess_bulk(one), "\n")
}

# A first fit by rstanarm, whole process: Rscript first_fit.R RECORDS.csv CORES
#
# RECORDS.csv: patient, visit, r (the share of the response at the visit) and value. 4 chains of 1000 draws after
# 1000, target acceptance 0.95. rstanarm's models are compiled when it is installed.
suppressMessages(library(rstanarm))
asked <- commandArgs(trailingOnly = TRUE)
records <- read.csv(asked[1])
records$visit <- factor(records$visit)
fit <- suppressWarnings(stan_lmer(
  value ~ visit + (1 + r | patient), data = records, chains = 4, cores = as.integer(asked[2]), iter = 2000, warmup = 1000,
  adapt_delta = 0.95, seed = 1, refresh = 0,
  prior_intercept = normal(35, 8), prior = normal(0, 10), prior_aux = exponential(1 / 4.5)))
print(summary(fit, probs = c(0.05, 0.95), digits = 2)[nlevels(records$visit), c("mean", "5%", "95%")])
